"""The herald: keeps a chat up to date with what the store knows, each message posted once and then edited."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from orchestrate.app import App
from orchestrate.counter.cards import deployment_card, question_card
from orchestrate.counter.finding import under_way
from orchestrate.errors import AccessDenied, OutsideFailed, RateLimited
from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import Deployment, Status
from orchestrate.models.fact import Fact, digest
from orchestrate.redaction import without_secrets
from tools.chat import Chat, Message

KIND, BY_ID = "posted", "posted as"
RECENT = 20
"""So many ended deployments are looked at, so that their messages say how they ended."""

PATIENCE = 60.0
"""Seconds after which a post that nobody finished is looked for, and made by somebody else."""


class Posted(Fact):
    """A message: who began to post it and when (epoch seconds), its id once it is there, and what it says."""

    by: str
    at: float
    id: str = ""
    shows: str = ""
    is_over: bool = False


@dataclass(frozen=True)
class _Draft:
    """A message that there should be; one that `is_new` is posted, others are only kept up to date."""

    marker: str
    written: Callable[[], Message]
    is_new: bool
    is_over: bool


@dataclass(frozen=True)
class Herald:
    """Tells one chat what the store knows; what it missed while it was away is told when it is back."""

    app: App
    chat: Chat

    async def look(self) -> int:
        """Post what is new and edit what has changed; how many messages that were.

        Nothing is said while effects are stopped. Raises what the chat raises.
        """
        if self.app.store.switch.stopped() is not None:
            return 0
        changed = 0
        for draft in self._drafts():
            changed += await self._show(draft)
        return changed

    def _drafts(self) -> Iterator[_Draft]:
        """Every message there should be."""
        for row in self._rows():
            is_over = row.status is Status.FINISHED
            yield _Draft(
                f"deployment/{row.id}", partial(deployment_card, self.app, row), not is_over, is_over
            )
            for one in self.app.store.questions.for_deployment(row.id):
                is_new = one.is_open and not is_over
                yield _Draft(f"question/{one.id}", partial(question_card, self.app, one), is_new, is_over)

    def _rows(self) -> list[Deployment]:
        alive = under_way(self.app)
        known = {row.id for row in alive}
        ended = self.app.store.deployments.latest(status=Status.FINISHED, limit=RECENT)
        return [*reversed(alive), *(row for row in ended if row.id not in known)]

    async def _show(self, draft: _Draft) -> bool:
        posted = self._last(draft.marker)
        if (posted is None and not draft.is_new) or (posted is not None and posted.is_over):
            return False
        message = draft.written()
        message = message.model_copy(update={"text": without_secrets(message.text)})
        if posted is None or not posted.id:
            return await self._post(message, posted)
        news = {"shows": digest(message), "is_over": draft.is_over}
        if posted.shows != news["shows"]:
            await self.chat.edit(posted.id, message)
        self._keep(draft.marker, posted.model_copy(update=news))
        return posted.shows != news["shows"]

    async def _post(self, message: Message, before: Posted | None) -> bool:
        """Post it, if nobody else is about to; one that somebody may have posted is looked for first."""
        store, now = self.app.store, self.app.store.clock()
        if before is not None and now - before.at < PATIENCE:
            return False
        mine = Posted(by=uuid.uuid4().hex, at=now)
        key = message.marker if before is None else f"{message.marker} after {before.by}"
        if store.keepsakes.first(KIND, {key: mine.model_dump_json()})[key] != mine.model_dump_json():
            return False
        self._keep(message.marker, mine)
        id = await self.chat.find(message.marker, before.at - PATIENCE) if before and before.at else None
        id = id or await self._said(message, mine)
        if id is None:
            return False
        self._keep(message.marker, mine.model_copy(update={"id": id, "shows": digest(message)}))
        store.keepsakes.put(BY_ID, id, message.marker)
        return True

    async def _said(self, message: Message, mine: Posted) -> str | None:
        """The id of what was said; where Slack certainly did not say it, somebody may at once."""
        audit, key = self.app.store.audit, message.marker
        audit.add(AuditKind.INTENT, by="herald", message=key)
        try:
            id = await self.chat.say(message)
        except (RateLimited, AccessDenied) as refused:
            audit.add(AuditKind.FAILED, by="herald", message=key)
            self._keep(key, mine.model_copy(update={"at": 0.0}))
            raise refused
        except OutsideFailed:
            audit.add(AuditKind.UNKNOWN, by="herald", message=key)
            raise
        audit.add(AuditKind.DONE, by="herald", message=key, id=id)
        return id

    def _last(self, marker: str) -> Posted | None:
        kept = self.app.store.keepsakes.of(KIND, [marker]).get(marker)
        return Posted.model_validate_json(kept) if kept else None

    def _keep(self, marker: str, posted: Posted) -> None:
        self.app.store.keepsakes.put(KIND, marker, posted.model_dump_json())

    def marker_of(self, id: str) -> str | None:
        """What a message of ours is about: question/ID or deployment/ID."""
        return self.app.store.keepsakes.of(BY_ID, [id]).get(id)
