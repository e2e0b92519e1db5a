"""ClickUp's threads: comments and the replies to them, in pages of twenty-five."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestrate.models.task import Comment
from orchestrate.store.keepsakes import Keepsakes
from tools.systems.clickup_answers import Saying, Sayings
from tools.systems.clickup_client import Client, Query
from tools.systems.clickup_text import words

PER_PAGE = 25
FRESH = 30.0
"""Seconds in which what lies below a thread's newest page is not read again."""
MOST_KEPT = 100
"""Threads of which the older part is kept in mind."""
WORDING = "clickup/wording"


@dataclass(frozen=True)
class _Turn:
    """A comment, and the replies to it."""

    saying: Saying
    replies: Sequence[Saying]

    @property
    def all(self) -> Sequence[Saying]:
        return (self.saying, *self.replies)


@dataclass(frozen=True)
class _Kept:
    """A long thread as it was, and when it was read (monotonic seconds)."""

    at: float
    turns: Sequence[_Turn]  # the newest first


@dataclass
class Threads:
    """Reads threads. ClickUp does not tell that a comment was edited: how each read at first is kept."""

    client: Client
    keepsakes: Keepsakes
    bot: str
    fresh: float = FRESH
    _kept: dict[str, _Kept] = field(default_factory=dict[str, _Kept])

    async def whole(self, task: str, me: str) -> tuple[Comment, ...]:
        """The whole thread, oldest first, replies included; `me`: our own account's id."""
        page = await self.newest(task)
        newest = await self._turns(page)
        older = await self._older(task, newest, page[-1]) if len(page) == PER_PAGE else ()
        unique = {one.id: one for turn in (*newest, *older) for one in turn.all}.values()
        return self._comments(task, sorted(unique, key=_place), me)

    async def newest(self, task: str) -> Sequence[Saying]:
        """The newest page: the newest first, without replies."""
        return await self._page(task)

    async def _older(self, task: str, newest: Sequence[_Turn], last: Saying) -> Sequence[_Turn]:
        """All that is older than `last`, the end of the newest page; what was read lately is as it was."""
        kept = self._kept.get(task)
        is_fresh = kept is not None and time.monotonic() - kept.at < self.fresh
        if kept is not None and is_fresh and any(one.saying.id == last.id for one in kept.turns):
            return [one for one in kept.turns if _place(one.saying) < _place(last)]
        found: list[_Turn] = []
        while True:
            page = await self._page(task, (("start", last.date), ("start_id", last.id)))
            known = {one.saying.id for one in found}
            new = [one for one in page if one.id not in known]
            found += await self._turns(new)
            if len(page) < PER_PAGE or not new:
                break
            last = page[-1]
        self._keep(task, _Kept(time.monotonic(), (*newest, *found)))
        return found

    def _keep(self, task: str, thread: _Kept) -> None:
        self._kept.pop(task, None)
        self._kept[task] = thread
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]

    async def _page(self, task: str, query: Query = ()) -> Sequence[Saying]:
        path = f"/v2/task/{task}/comment"
        return (await self.client.ask("GET", path, Sayings, f"task {task}", query)).comments

    async def _turns(self, sayings: Sequence[Saying]) -> list[_Turn]:
        return [_Turn(one, await self._replies(one) if one.reply_count else ()) for one in sayings]

    async def _replies(self, to: Saying) -> Sequence[Saying]:
        path = f"/v2/comment/{to.id}/reply"
        return (await self.client.ask("GET", path, Sayings, f"comment {to.id}")).comments

    def _comments(self, task: str, sayings: Sequence[Saying], me: str) -> tuple[Comment, ...]:
        texts = {one.id: words(one.comment_text, is_ours=one.user.id == me) for one in sayings}
        others = {one.id: _digest(texts[one.id]) for one in sayings if one.user.id != me}
        first = self._first(others)
        return tuple(
            Comment(
                id=one.id,
                task=task,
                author=self.bot if one.user.id == me else one.user.id,
                text=texts[one.id],
                at=one.at,
                edited=one.id in others and first[one.id] != others[one.id],
            )
            for one in sayings
        )

    def _first(self, digests: Mapping[str, str]) -> Mapping[str, str]:
        return self.keepsakes.first(WORDING, digests) if digests else {}


def _place(saying: Saying) -> tuple[int, int]:
    """Where it stands in the thread."""
    return saying.date, int(saying.id)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
