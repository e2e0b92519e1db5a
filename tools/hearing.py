"""Hearing: what a thread says about a question, and whether an approval still stands as it is now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from orchestrate.approvals import Matter, Word, check_open, lost, panel_of, ruling, said_on_thread, standing
from orchestrate.errors import AccessDenied, AlreadyDecided
from orchestrate.models.deployment import Decision, DecisionKind
from orchestrate.models.environment import Channel, Environment, Person
from orchestrate.models.question import Question
from orchestrate.models.task import Comment
from orchestrate.store import Store
from tools.tasks import BOT

VOID = "void: "
"""How the reason begins for which an approval that was given does not count any more."""


class Thread(Protocol):
    """A tracker, as far as its threads are read."""

    async def comments(self, task: str) -> tuple[Comment, ...]:
        """The whole thread, oldest first, replies included."""
        ...


class Room(Protocol):
    """A chat, as far as what people said or pressed there is looked at again."""

    async def read(self, id: str) -> Comment | None:
        """The message as it is now; None where it is gone.

        Raises AccessDenied, Unreachable, RateLimited, OutsideFailed.
        """
        ...


NO_ROOMS: Mapping[Channel, Room] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """Listens to threads, with the settings' people and the stored plans at hand."""

    store: Store
    thread: Thread
    environment: Callable[[str], Environment]
    person: Callable[[Channel, str], Person | None]
    rooms: Mapping[Channel, Room] = field(default_factory=lambda: NO_ROOMS)  # chats in which people answer
    bot: str = BOT

    def words(self, question: Question, comments: Sequence[Comment]) -> list[Word]:
        """Everything on the question's thread that answers it, or tries to."""
        plan = self.store.plans.plan(question.plan_hash)
        created = self.store.deployments.deployment(question.deployment).created_at
        matter = Matter(
            question=question,
            asked=self.store.questions.on_thread(question.task) if question.task else (),
            panel=panel_of(self.environment(plan.environment), plan),
            person=self.person,
            bot=self.bot,
            since=min(created.timestamp(), question.opened_at),  # the clock may have stepped back in between
        )
        found = (ruling(comment, matter) for comment in comments)
        return [word for word in found if word is not None]

    async def objection(self, question: Question) -> str:
        """Why the approval of `question`, read anew from where it was given, does not stand; or ''.

        A hold or rollback that nobody had read yet is stored; an approval whose comment or message is another
        or gone, or whose account is no longer that person's, closes the question. Raises what the thread
        raises, and Unreachable where a chat does not answer.
        """
        comments = await self.thread.comments(question.task) if question.task else ()
        against = [one for one in standing(self.words(question, comments)) if _is_against(one)]
        if against:
            said = said_on_thread(question, against[0], self.store.clock())
            with suppress(AlreadyDecided):
                _ = said and self.keep(question, said)
            return f"{against[0].by} said {against[0].kind}"
        thread = {one.id: one for one in comments}
        approvals = question.approvals or ((question.decision,) if question.decision else ())
        for one in approvals:
            gone = await self._lost(one, thread) or self._is_another(one)
            if gone:
                self.store.questions.close(question.id, f"{VOID}{gone}")
                return gone
        return ""

    async def _lost(self, given: Decision, thread: Mapping[str, Comment]) -> str:
        """Why what was said or pressed no longer stands as it is now, or ''.

        Where nobody may look at it any more, it is no evidence.
        """
        if given.comment is None or given.channel == Channel.TRACKER:
            return lost(given, thread)
        room = self.rooms.get(Channel(given.channel))
        unseen = f"nobody can look any more at what {given.by} said in {given.channel}"
        if room is None:
            return unseen
        try:
            now = await room.read(given.comment)
        except AccessDenied as denied:
            return f"{unseen}: {denied}"
        return lost(given, {given.comment: now} if now else {})

    def keep(self, asked: Question, said: Decision) -> bool:
        """Store the answer, if it is not known yet, and tell it. Raises AlreadyDecided."""
        check_open(asked, self.store.clock())
        with self.store.together():
            if not self.store.questions.decide(asked.id, said):
                return False
            row = self.store.deployments.deployment(asked.deployment)
            now = self.store.questions.question(asked.id)
            share = f" ({len(now.approved_by)} of {now.needed})" if now.needed > 1 else ""
            text = f"{said.by} said {said.kind}{share if said.kind is DecisionKind.APPROVED else ''}"
            self.store.events.add(row.id, row.stage, "decided", text, {"by": said.by})
        return True

    def _is_another(self, given: Decision) -> str:
        """Whether the account that approved belongs to somebody else by now, as a sentence; or ''."""
        person = self.person(Channel(given.channel), given.account) if given.account else None
        is_theirs = not given.account or (person is not None and person.name == given.by)
        return "" if is_theirs else f"{given.account!r} is no longer an account of {given.by}"


def _is_against(word: Word) -> bool:
    return word.kind is not DecisionKind.APPROVED
