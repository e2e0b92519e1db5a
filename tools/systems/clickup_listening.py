"""Listening: on which of ClickUp's threads people spoke, for few requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orchestrate.errors import NotFound
from tools.systems.clickup_answers import Saying
from tools.systems.clickup_reading import Reading
from tools.systems.clickup_threads import Threads
from tools.tasks import SETTLED, Spoken

LOOK_SECONDS = 30.0
"""How often it is asked which tasks were touched; between, nobody is asked."""
SWEEP_SECONDS = 300.0
"""How often every awaited thread is looked at: nobody says that a reply touches its task."""
WOKEN_SECONDS = 5.0
"""The shortest time between two looks, however many webhooks come."""

_Seen = tuple[tuple[str, str, int], ...]
Awaited = Callable[[], Sequence[str]]


@dataclass(kw_only=True)
class Listening:
    """Looks at what was touched, and now and then at all that is awaited; one request for each thread.

    `awaited` names the threads on which an answer matters now; without it every touched one is looked at.
    """

    reading: Reading
    threads: Threads
    awaited: Awaited | None = None
    look_seconds: float = LOOK_SECONDS
    sweep_seconds: float = SWEEP_SECONDS
    woken_seconds: float = WOKEN_SECONDS
    _looked_at: float = float("-inf")
    _swept_at: float = float("-inf")
    _woken: set[str] = field(default_factory=set[str])
    _seen: dict[str, _Seen] = field(default_factory=dict[str, _Seen])

    def wake(self, task: str) -> None:
        """A webhook says that something was said there: do not wait for the next look."""
        self._woken.add(task)

    async def spoken(self, since: str) -> Spoken:
        """As the port says; between two looks nothing is new. The mark is ClickUp's own time, in ms."""
        now = time.monotonic()
        rest = self.woken_seconds if self._woken else self.look_seconds
        if now - self._looked_at < min(rest, self.look_seconds):
            return Spoken(tasks=(), mark=since)
        self._looked_at = now
        awaited = None if self.awaited is None else tuple(self.awaited())
        if awaited == ():
            self._woken.clear()
            return Spoken(tasks=(), mark="")
        is_sweep = not since or now - self._swept_at >= self.sweep_seconds
        due = await self._due(awaited, since, is_sweep=is_sweep)
        told, mark = await self._told(due, int(since or 0))
        self._swept_at = now if is_sweep else self._swept_at
        self._woken.clear()
        return Spoken(tasks=told, mark=mark or since)

    async def _due(self, awaited: Sequence[str] | None, since: str, *, is_sweep: bool) -> Sequence[str]:
        """The threads to look at."""
        if awaited is not None and is_sweep:
            return awaited
        touched = await self.reading.touched(int(since or 0))
        found = dict.fromkeys((*touched, *self._woken))
        return [one for one in found if awaited is None or one in awaited]

    async def _told(self, due: Sequence[str], since: int) -> tuple[tuple[str, ...], str]:
        """Those of `due` with something new, and the mark: when the look began, less what may come late."""
        told: list[str] = []
        begun = self.reading.client.allowance.said_at
        for id in due:
            news = await self._news(id, since)
            begun = begun or self.reading.client.allowance.said_at
            told += [id] if news else []
        return tuple(told), str(round((begun - SETTLED) * 1000)) if begun else ""

    async def _news(self, task: str, since: int) -> bool:
        try:
            page = await self.threads.newest(task)
        except NotFound:  # the task was deleted
            return False
        me = await self.reading.me()
        theirs = [one for one in page if one.user.id != me]
        before, self._seen[task] = self._seen.get(task, ()), _seen(page, me)
        return before != self._seen[task] or any(one.date > since for one in theirs)


def _seen(page: Sequence[Saying], me: str) -> _Seen:
    """What people left on a page: their comments, and the number of replies to any."""
    kept = (one for one in page if one.user.id != me or one.reply_count)
    return tuple((one.id, one.comment_text, one.reply_count) for one in kept)
