"""ClickUp's API (v2), as it is asked: one request at a time, within what it allows in a minute."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlencode

from pydantic import ValidationError

from orchestrate.errors import AccessDenied, NotFound, OutsideFailed, RateLimited, Unreachable
from tools.fetch import Answer, Ask, fetch, json_of
from tools.systems.clickup_answers import Answered, Nothing, Problem

T = TypeVar("T", bound=Answered)

URL = "https://api.clickup.com/api"
SECONDS = 10.0
MIB = 1024 * 1024
LONGEST_PAUSE = 65.0
"""Seconds: the limit counts whole minutes, so that a longer one is no pause but a refusal."""
SAYS_WHO_ASKS = ("OAUTH_017", "OAUTH_019", "OAUTH_021", "OAUTH_025", "OAUTH_077")
"""Codes about the token itself; others that come with 401 are about what was asked for."""
RENEW = "put a token that is valid where tracker.token in orchestrate.yaml refers to"

Query = Sequence[tuple[str, str | int]]


@dataclass
class Allowance:
    """How much may still be asked, as the newest answer told."""

    left: int | None = None  # None: nobody said so yet
    until: float = 0.0  # monotonic seconds: when there is more
    asked: int = 0  # requests of this process
    said_at: float = 0.0  # ClickUp's own time at the newest answer, epoch seconds

    def pause(self) -> float:
        """Seconds to wait before the next request; it is counted at once: no two take the last one."""
        now = time.monotonic()
        if self.left is not None and now >= self.until:
            self.left = None
        if self.left is None:
            return 0.0
        if self.left > 0:
            self.left -= 1
            return 0.0
        return self.until - now

    def note(self, answer: Answer) -> None:
        """What an answer says about it; in times of its own clock."""
        self.said_at = said_at(answer)
        left, reset = (answer.headers.get(f"x-ratelimit-{name}", "") for name in ("remaining", "reset"))
        if not left.isdecimal() or not reset.isdecimal():
            return
        self.left = int(left)
        self.until = time.monotonic() + max(0.0, int(reset) - self.said_at)


@dataclass(frozen=True)
class Client:
    """Asks ClickUp; `token` gives the token when it is used.

    At the limit it pauses until the next minute begins, once for each request, and then gives up.
    """

    token: Callable[[], str]
    url: str = URL
    longest_pause: float = LONGEST_PAUSE
    allowance: Allowance = field(default_factory=Allowance)

    async def ask(self, verb: str, path: str, form: type[T], what: str, query: Query = ()) -> T:
        """What is answered, as `form`. Raises as `send` does, and Unreachable where it is something else."""
        return _read(form, await self._answered(verb, path, what, query, None), what)

    async def send(self, verb: str, path: str, body: object, what: str, form: type[T] = Nothing) -> T:
        """Change something. `what` it is about, in words.

        Raises Unreachable (no usable answer: nobody can say whether it happened), RateLimited (it did not),
        AccessDenied, NotFound (there is no such thing), OutsideFailed (it was refused, with ClickUp's words).
        """
        answer = await self._answered(verb, path, what, (), body)
        return form() if form is Nothing else _read(form, answer, what)

    async def _answered(self, verb: str, path: str, what: str, query: Query, body: object) -> Answer:
        answer = await self._asked(verb, path, query, body)
        if answer.status == 429:  # nothing was done
            answer = await self._asked(verb, path, query, body)
        if answer.status == 429:
            raise self._too_often()
        if answer.status // 100 != 2:
            raise _refusal(answer, what)
        return answer

    async def _asked(self, verb: str, path: str, query: Query, body: object) -> Answer:
        pause = self.allowance.pause()
        if pause > self.longest_pause:
            raise self._too_often()
        if pause > 0:
            await asyncio.sleep(pause)
            self.allowance.left = None
        self.allowance.asked += 1
        ask = Ask(
            url=f"{self.url}{path}{'?' if query else ''}{urlencode(query)}",
            method=verb,
            headers={"authorization": self.token(), "content-type": "application/json"},
            body=None if body is None else json.dumps(body),
            seconds=SECONDS,
            cap=16 * MIB,
        )
        answer = await fetch(ask)
        self.allowance.note(answer)
        return answer

    def _too_often(self) -> RateLimited:
        seconds = max(1.0, self.allowance.until - time.monotonic())
        return RateLimited(
            f"ClickUp was asked too often, and takes no request for {seconds:.0f} s", retry_after=seconds
        )


def said_at(answer: Answer) -> float:
    """When it was answered, by ClickUp's clock: epoch seconds."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        return time.time()


def _read(form: type[T], answer: Answer, what: str) -> T:
    try:
        return form.model_validate(json_of(answer))
    except ValidationError as problem:
        fault = problem.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise Unreachable(f"ClickUp answered something else about {what}: {where}: {fault['msg']}") from None
    except Unreachable as problem:
        raise Unreachable(f"ClickUp, about {what}: {problem}") from None


def _refusal(answer: Answer, what: str) -> OutsideFailed | NotFound:
    try:
        problem = Problem.model_validate(json_of(answer))
    except (ValidationError, Unreachable):
        problem = Problem()
    said = f"{problem.err} ({problem.code})" if problem.code else problem.err or f"status {answer.status}"
    if answer.status >= 500:
        return Unreachable(f"ClickUp cannot tell about {what} now: {said}")
    if problem.code in SAYS_WHO_ASKS or (answer.status == 401 and not problem.code):
        return AccessDenied(f"ClickUp does not accept the token: {said}", cure=RENEW)
    if answer.status == 404:
        return NotFound(what)
    if answer.status in (401, 403):
        why = "it is not there, or the token's user may not see or change it"
        return AccessDenied(f"ClickUp does not give {what}: {said}; {why}", cure=LET_IN)
    return OutsideFailed(f"ClickUp refused {what}: {said}")


LET_IN = "let the token's user in, or name another list at tracker in orchestrate.yaml, then deploy again"
