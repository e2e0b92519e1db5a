"""Shown: waiting until a place that is asked over HTTP shows what was asked of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from orchestrate.errors import AnswerLost, OutcomeUnknown

Seen = Callable[[], Awaitable[bool]]
"""Whether the world shows it now. Raises StartFailed when it never will."""


@dataclass(frozen=True)
class Habits:
    """How often it is looked (seconds), and how long at most for what was done, and what perhaps was not."""

    again: float = 2.0
    shown: float = 60.0
    lost: float = 30.0

    async def within(self, seconds: float, shown: Seen) -> bool:
        """Whether it is shown before so many seconds are over."""
        until = time.monotonic() + seconds
        while not await shown():
            if time.monotonic() >= until:
                return False
            await asyncio.sleep(self.again)
        return True

    async def read_back(self, lost: AnswerLost, shown: Seen, said: str = "it is not to be seen") -> None:
        """Return when what was sent is shown after all: it is never sent again. Raises OutcomeUnknown."""
        if not await self.within(self.lost, shown):
            raise OutcomeUnknown(f"{lost}; {said} after {self.lost:.0f} s") from lost
