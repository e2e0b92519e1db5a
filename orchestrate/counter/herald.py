"""The herald: keeps a chat up to date with what the store knows, each message posted once and then edited."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from pydantic import ConfigDict

from orchestrate.app import App
from orchestrate.counter.cards import deployment_card, question_card
from orchestrate.counter.finding import under_way
from orchestrate.errors import AccessDenied, OutcomeUnknown, OutsideFailed, RateLimited, Unreachable
from orchestrate.models.deployment import Deployment, Lease, Stage, Status
from orchestrate.models.fact import Fact, digest
from orchestrate.redaction import without_secrets
from tools.chat import Chat, Message
from tools.executor import Errand
from tools.posting import Edit, Post, editing, posting

KIND, BY_ID = "posted", "posted as"
RECENT = 20
"""So many ended deployments are looked at, so that their messages say how they ended."""

PATIENCE = 60.0
"""Seconds for which a herald that says nothing more keeps others waiting, and before its intent a post is
looked for."""

THREAD, WORKER, AT = "chat:", "herald", Stage.PICK_UP
"""Which right whoever tells the chat needs, as whom, and the stage in the keys of all that is told there."""


class Posted(Fact):
    """A message that is there: its id, what it says, its edits so far, and whether there will be no more."""

    model_config = ConfigDict(frozen=True, extra="ignore")  # versions before this one kept more

    id: str = ""
    shows: str = ""
    edits: int = 0
    is_over: bool = False


@dataclass(frozen=True)
class _Draft:
    """A message that there should be; one that `is_new` is posted, others are only kept up to date."""

    deployment: str
    marker: str
    written: Callable[[], Message]
    is_new: bool
    is_over: bool


class _News(NamedTuple):
    """What a message should say now."""

    draft: _Draft
    message: Message


@dataclass(frozen=True)
class Herald:
    """Tells one chat what the store knows; what it missed while it was away is told when it is back."""

    app: App
    chat: Chat

    async def look(self) -> int:
        """Post what is new and edit what has changed; how many messages that were.

        Nothing is said while effects are stopped, or while another herald is at it. Raises what the chat
        raises, and OutcomeUnknown.
        """
        if self.app.store.switch.stopped() is not None:
            return 0
        news = [one for draft in self._drafts() if (one := self._news(draft)) is not None]
        lease = self.app.store.outbox.claim(THREAD, WORKER, PATIENCE) if news else None
        if lease is None:
            return 0
        try:
            return await self._told(news, lease)
        finally:
            self.app.store.outbox.release(lease, 0.0)

    async def _told(self, news: Sequence[_News], lease: Lease) -> int:
        """How many had to be said; one that the chat does not take keeps no other from being said."""
        said, problem = 0, None
        for one in news:
            try:
                said += await self._show(one, lease)
            except (Unreachable, RateLimited, AccessDenied):
                raise
            except (OutsideFailed, OutcomeUnknown) as its_own:
                problem = its_own
        if problem is not None:
            raise problem
        return said

    def _drafts(self) -> Iterator[_Draft]:
        """Every message there should be."""
        for row in self._rows():
            is_over = row.status is Status.FINISHED
            card = partial(deployment_card, self.app, row)
            yield _Draft(row.id, f"deployment/{row.id}", card, not is_over, is_over)
            for one in self.app.store.questions.for_deployment(row.id):
                is_new = one.is_open and not is_over
                card = partial(question_card, self.app, one)
                yield _Draft(row.id, f"question/{one.id}", card, is_new, is_over)

    def _rows(self) -> list[Deployment]:
        alive = under_way(self.app)
        known = {row.id for row in alive}
        ended = self.app.store.deployments.latest(status=Status.FINISHED, limit=RECENT)
        return [*reversed(alive), *(row for row in ended if row.id not in known)]

    def _news(self, draft: _Draft) -> _News | None:
        """What is to be said of it, where that is anything."""
        posted = self._last(draft.marker)
        if not (draft.is_new or posted.id) or posted.is_over:
            return None
        message = draft.written()
        message = message.model_copy(update={"text": without_secrets(message.text)})
        is_same = posted.shows == digest(message) and posted.is_over == draft.is_over
        return None if is_same else _News(draft, message)

    async def _show(self, news: _News, lease: Lease) -> bool:
        """Whether it had to be said; whoever had the right before us may have been through with it."""
        lease = self.app.store.outbox.renew(lease, PATIENCE)
        lease = lease.model_copy(update={"deployment": news.draft.deployment})
        at = Errand(deployment=news.draft.deployment, stage=AT, lease=lease)
        posted, shows = self._last(news.draft.marker), digest(news.message)
        is_new, is_other = not posted.id, posted.shows != shows
        if is_new:
            posted = posted.model_copy(update={"id": await self._post(news.message, at)})
        elif is_other:
            posted = await self._edit(news, posted, at)
        self._keep(
            posted.model_copy(update={"shows": shows, "is_over": news.draft.is_over}), news.draft.marker
        )
        return is_new or is_other

    async def _edit(self, news: _News, posted: Posted, at: Errand) -> Posted:
        """Let it say something else. What the chat does not take, as of a message that somebody deleted, is
        not tried again; the next thing to say is.
        """
        edit = Edit(id=posted.id, number=posted.edits + 1, message=news.message)
        posted = posted.model_copy(update={"edits": edit.number})
        try:
            await self.app.crew.executor.do(editing(self.chat), edit, at)
        except (Unreachable, RateLimited, AccessDenied):
            raise
        except OutsideFailed:
            given_up = {"shows": digest(news.message), "is_over": news.draft.is_over}
            self._keep(posted.model_copy(update=given_up), news.draft.marker)
            raise
        return posted

    async def _post(self, message: Message, at: Errand) -> str:
        """Post it, and remember what the message is about, for whoever answers below it."""
        write, now = posting(self.chat), self.app.store.clock()
        meant = self.app.crew.executor.meant_at(write, Post(message=message, since=now), at)
        post = Post(message=message, since=(meant or now) - PATIENCE)
        id = (await self.app.crew.executor.do(write, post, at)).id
        self.app.store.keepsakes.put(BY_ID, id, message.marker)
        return id

    def _last(self, marker: str) -> Posted:
        kept = self.app.store.keepsakes.of(KIND, [marker]).get(marker)
        return Posted.model_validate_json(kept) if kept else Posted()

    def _keep(self, posted: Posted, marker: str) -> None:
        self.app.store.keepsakes.put(KIND, marker, posted.model_dump_json())

    def marker_of(self, id: str) -> str | None:
        """What a message of ours is about: question/ID or deployment/ID."""
        return self.app.store.keepsakes.of(BY_ID, [id]).get(id)
