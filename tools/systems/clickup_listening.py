"""Listening: on which of ClickUp's threads people spoke, for few requests, whoever asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orchestrate.errors import AccessDenied, NotFound
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
MOST_AT_ONCE = 10
"""Touched threads on which nothing is awaited, in one look; the others have their turn in the next ones."""
DAY = 86_400_000
LATE = round(SETTLED * 1000)  # milliseconds

_Seen = tuple[tuple[str, str, int], ...]
Awaited = Callable[[], Sequence[str]]


@dataclass
class Log:
    """What was heard, in ClickUp's own time (ms): per thread when, and what is still to be looked at."""

    now: int = 0  # when the newest look began
    since: int | None = None  # touched tasks are known from then on; None: not yet
    is_swept: bool = False  # whether all that is awaited was looked at
    news: dict[str, int] = field(default_factory=dict[str, int])
    due: dict[str, int] = field(default_factory=dict[str, int])  # thread → since when there may be news

    def covers(self, mark: str) -> bool:
        """Whether nothing can be missing for whoever asks with this mark."""
        return self.is_swept if not mark else self.since is not None and int(mark) >= self.since

    def heard(self, mark: str) -> Spoken:
        """What is new since `mark`; the next mark leaves out nothing that may come late."""
        told = tuple(task for task, at in self.news.items() if at > int(mark or 0))
        settled = min([self.now - LATE, *self.due.values()])
        return Spoken(tasks=told, mark=str(max(settled, 0)) if self.now else mark)

    def forget(self) -> None:
        """News are for an hour, which is longer than anybody sleeps."""
        self.news = {task: at for task, at in self.news.items() if at > self.now - DAY // 24}


@dataclass(kw_only=True)
class Listening:
    """Looks at what was touched, and now and then at all that is awaited; one request for each thread.

    `awaited` names the threads on which an answer matters now; they come first.
    """

    reading: Reading
    threads: Threads
    awaited: Awaited | None = None
    look_seconds: float = LOOK_SECONDS
    sweep_seconds: float = SWEEP_SECONDS
    woken_seconds: float = WOKEN_SECONDS
    _looked_at: float = float("-inf")
    _swept_at: float = float("-inf")
    _woken: bool = False
    _log: Log = field(default_factory=Log)
    _seen: dict[str, _Seen] = field(default_factory=dict[str, _Seen])

    def wake(self, task: str) -> None:
        """A webhook says that something was said there: do not wait for the next look."""
        self._log.due.setdefault(task, max(self._log.now - LATE, 0))
        self._woken = True

    async def spoken(self, since: str) -> Spoken:
        """As the port says; between two looks nobody is asked. The mark is ClickUp's own time, in ms."""
        rest = min(self.woken_seconds, self.look_seconds) if self._woken else self.look_seconds
        if time.monotonic() - self._looked_at >= rest or (self._log.now and not self._log.covers(since)):
            self._looked_at = time.monotonic()
            await self._look(since)
        return self._log.heard(since)

    async def _look(self, since: str) -> None:
        awaited = tuple(self.awaited()) if self.awaited else ()
        start = self._start(since)
        for task in await self.reading.touched(start):
            self._log.due.setdefault(task, start)
        self._log.now = round(self.reading.client.allowance.said_at * 1000)
        self._log.since = start if self._log.since is None else min(start, self._log.since)
        is_sweep = not self._log.is_swept or time.monotonic() - self._swept_at >= self.sweep_seconds
        for task in awaited if is_sweep else ():
            self._log.due[task] = start if self._log.is_swept else 0
        await self._read(awaited)
        if is_sweep:
            self._log.is_swept, self._swept_at = True, time.monotonic()
        self._woken = False
        self._log.forget()

    def _start(self, since: str) -> int:
        """From when on touched tasks are asked for: the last look, or what whoever asks has not heard."""
        here = round(time.time() * 1000)
        if self._log.now and self._log.covers(since):
            return self._log.now - LATE
        if not since:
            return 0 if self.awaited is None else here - 3 * LATE
        return max(int(since), here - DAY) if self.awaited is not None else int(since)

    async def _read(self, awaited: Sequence[str]) -> None:
        """Look at what is due: all that is awaited, and a few of the others."""
        first = [task for task in self._log.due if task in awaited]
        others = [task for task in self._log.due if task not in awaited]
        for task in (*first, *(others if self.awaited is None else others[:MOST_AT_ONCE])):
            at = await self._news_at(task, self._log.due[task])
            if at is not None:
                self._log.news[task] = at
            del self._log.due[task]

    async def _news_at(self, task: str, since: int) -> int | None:
        """When somebody spoke there after `since`, as far as the newest page tells; None: nobody did."""
        try:
            page = await self.threads.newest(task)
        except (NotFound, AccessDenied):  # the task was deleted, or is hidden from us
            return None
        me = await self.reading.me()
        before, now = self._seen.get(task), _seen(page, me)
        self._seen[task] = now
        newest = max((one.date for one in page if one.user.id != me), default=0)
        if newest > since:
            return newest
        is_changed = before != now if before is not None else any(one.reply_count for one in page)
        return self._log.now if is_changed else None


def _seen(page: Sequence[Saying], me: str) -> _Seen:
    """What people left on a page: their comments, and the number of replies to any."""
    kept = (one for one in page if one.user.id != me or one.reply_count)
    return tuple((one.id, one.comment_text, one.reply_count) for one in kept)
