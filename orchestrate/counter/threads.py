"""Threads: comments of a tracker that begin with `/deploy` are done, each once, and answered there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrate.chat import Answer, GoBack, Ship, is_called, parse
from orchestrate.counter.clerk import Clerk
from orchestrate.counter.reply import Reply
from orchestrate.errors import OrchestrateError
from orchestrate.identity import Identity
from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import DecisionKind
from orchestrate.models.environment import Channel
from orchestrate.models.fact import Fact
from orchestrate.models.task import Comment
from orchestrate.redaction import without_secrets
from orchestrate.reports.markdown import code
from orchestrate.store import Store
from tools.desk import marker_of
from tools.tasks import BOT, TaskDesk, Threads

KIND, MARK = "said on a thread", "threads"
STALE = 3600.0
"""Seconds after which a command that nobody heard is not done any more: who said it may not want it now."""


class Heard(Fact):
    """A command that was heard: by which round, and what is said to it; None while it is being done."""

    by: str
    reply: str | None = None
    is_told: bool = False


@dataclass(frozen=True, kw_only=True)
class CalledOnThreads:
    """Hears commands on threads. What was begun before a crash is not done again, and that is said."""

    clerk: Clerk
    threads: Threads
    desk: TaskDesk
    bot: str = BOT

    async def read(self) -> tuple[str, ...]:
        """Do what was said since the last round; the deployments that it is about.

        The first round ever hears nothing. A thread that cannot be read keeps no other from being read; then
        its OrchestrateError is raised, and all are read again the next time.
        """
        before = self._store.keepsakes.of(KIND, [MARK]).get(MARK)
        news = await self.threads.spoken(before or "")
        if before is None:
            self._store.keepsakes.put(KIND, MARK, news.mark)
            return ()
        moved: list[str] = []
        problems: list[OrchestrateError] = []
        for task in news.tasks:
            try:
                moved += await self._read(task)
            except OrchestrateError as problem:
                problems.append(problem)
        if problems:
            raise problems[0]
        if news.mark != before:
            self._store.keepsakes.put(KIND, MARK, news.mark)
        return tuple(moved)

    @property
    def _store(self) -> Store:
        return self.clerk.app.store

    async def _read(self, task: str) -> list[str]:
        thread = await self.threads.comments(task)
        called = [one for one in thread if is_called(one.text) and one.author != self.bot]
        replies = [await self._once(comment, thread) for comment in called]
        return [reply.deployment for reply in replies if reply is not None and reply.deployment]

    async def _once(self, comment: Comment, thread: Sequence[Comment]) -> Reply | None:
        """Do it, unless it was begun before; either way what is to be said about it is said."""
        key, mine = f"{comment.task}/{comment.id}", Heard(by=uuid.uuid4().hex)
        found = self._store.keepsakes.first(KIND, {key: mine.model_dump_json()})[key]
        heard, reply = Heard.model_validate_json(found), None
        if heard.is_told:
            return None
        if heard == mine:
            reply = await self._done(comment)
            heard = mine.model_copy(update={"reply": reply.text})
            self._store.keepsakes.put(KIND, key, heard.model_dump_json())
        await self._tell(comment, heard.reply or BROKEN_OFF, thread)
        return reply

    async def _done(self, comment: Comment) -> Reply:
        if self._store.clock() - comment.at.timestamp() > STALE:
            return Reply(text="Not done: it was said more than an hour ago. Say it again.", is_done=False)
        if comment.edited:
            return Reply(text="Not done: it was edited. Say it in a new comment.", is_done=False)
        said, settings = parse(comment.text), self.clerk.app.settings
        is_hold = isinstance(said, Answer) and said.kind is DecisionKind.HOLD
        if not comment.proven and isinstance(said, Ship | GoBack | Answer) and not is_hold:
            words = " ".join(comment.text.split()[1:])
            how = f"Say it where that is proven: {code(f'orchestrate say {words}')}"
            return Reply(text=f"Not done: nobody proves here who wrote it. {how}", is_done=False)
        is_believed = comment.proven or is_hold  # whoever says Hold is believed
        person = settings.person(Channel.TRACKER, comment.author) if is_believed else None
        who = Identity(comment.author, person, Channel.TRACKER)
        return await self.clerk.answer(comment.text, who, comment)

    async def _tell(self, comment: Comment, text: str, thread: Sequence[Comment]) -> None:
        """Answer it below, once; while effects are stopped, later."""
        if self._store.switch.stopped() is not None:
            return
        marker = marker_of("said", comment.id)
        if not any(marker in one.text for one in thread if one.author == self.bot):
            audit, fact = self._store.audit, {"reply": comment.id, "task": comment.task}
            audit.add(AuditKind.INTENT, by=comment.author, **fact)
            said = await self.desk.comment(comment.task, f"{without_secrets(text)}\n\n{marker}")
            audit.add(AuditKind.DONE, by=comment.author, comment=said.id, **fact)
        done = Heard(by="", reply="", is_told=True)
        self._store.keepsakes.put(KIND, f"{comment.task}/{comment.id}", done.model_dump_json())


BROKEN_OFF = (
    "It was begun, and broken off: see `/deploy status` for what came of it, and say it again if need be."
)
