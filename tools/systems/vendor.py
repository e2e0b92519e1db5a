"""Vendor: a monitoring service that is asked over HTTPS with a key, and left alone when it says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from orchestrate.errors import AccessDenied, RateLimited, Unreachable
from tools.fetch import KIB, Answer, Ask, fetch
from tools.retry_after import retry_after

MOST = 4 * KIB * KIB
PAUSE = 30.0  # seconds, where it does not say when it may be asked again


class Vendor:
    """Asks it; what it refused for now is not asked again before its time."""

    def __init__(self, name: str, seconds: float = 5.0, clock: Callable[[], float] = time.time) -> None:
        self._name, self._seconds, self._clock = name, seconds, clock
        self._until: dict[str, float] = {}  # server → when it may be asked again

    async def ask(self, server: str, path: str, headers: Mapping[str, str]) -> Answer:
        """A good answer. Raises RateLimited, AccessDenied, Unreachable; no header is in what they say."""
        left = self._until.get(server, 0.0) - self._clock()
        if left > 0:
            raise RateLimited(f"{self._name} wants to be left alone for {left:.0f} s", retry_after=left)
        url = f"{server.rstrip('/')}{path}"
        answer = await fetch(Ask(url=url, headers=headers, seconds=self._seconds, cap=MOST))
        if answer.status == 429:
            wait = retry_after(answer.headers, self._clock())
            wait = PAUSE if wait is None else wait
            self._until[server] = self._clock() + wait
            raise RateLimited(f"{self._name} was asked too often", retry_after=wait)
        if answer.status in (401, 403):
            cure = "renew `credentials` of the source, or its rights"
            raise AccessDenied(f"{self._name} does not let us read: {answer.status}", cure=cure)
        if answer.status != 200 or answer.is_cut:
            raise Unreachable(f"{self._name} answered {answer.status}")
        return answer
