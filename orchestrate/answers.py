"""Answers: what people say on threads and at the command line, turned into decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from orchestrate.approvals import (
    Saying,
    Word,
    check_allowed,
    decision,
    panel_of,
    said_on_thread,
    standing,
)
from orchestrate.errors import AlreadyDecided, OrchestrateError
from orchestrate.models.deployment import DecisionKind, Stage
from orchestrate.models.environment import Channel
from orchestrate.models.question import Question
from orchestrate.models.task import Comment
from orchestrate.store import Store
from tools.desk import marked
from tools.executor import Errand
from tools.hearing import Hearing
from tools.tasks import Threads
from tools.voice import Manner, Voice

LEASE_SECONDS = 30.0
MOST_REPLIES = 5
"""Explanations in one round; whoever floods a thread is not answered each time."""


@dataclass
class Heard:
    """Up to where the threads were listened to."""

    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Decides open questions, for allowed people only."""

    store: Store
    tasks: Threads
    voice: Voice
    hearing: Hearing
    worker: str
    heard: Heard = field(default_factory=Heard)

    async def read(self) -> tuple[str, ...]:
        """Look at the threads that were spoken on; the deployments that got an answer, or another one.

        A thread that cannot be read keeps no other from being read; then its OrchestrateError is raised,
        and all of them are read again the next time.
        """
        news = await self.tasks.spoken(self.heard.mark)
        answered: list[str] = []
        problems: list[OrchestrateError] = []
        for question in self._asked(news.tasks):
            try:
                answered += [question.deployment] if await self._read(question) else []
            except OrchestrateError as problem:
                problems.append(problem)
        if problems:
            raise problems[0]
        self.heard.mark = news.mark
        return tuple(answered)

    def _asked(self, tasks: Sequence[str]) -> Iterator[Question]:
        """The questions on these threads; an approval that was not used yet, because the environment is
        busy, is asked about again: Hold beats it."""
        for task in tasks:
            yield from self.store.questions.unanswered(task)
            yield from self.store.questions.unused(task)

    async def _read(self, question: Question) -> bool:
        """Whether the thread answers the question, or answers it otherwise than before."""
        comments = await self.tasks.comments(question.task or "")
        words = self.hearing.words(question, comments)
        new = [one for one in standing(words) if _is_news(question, one)]
        stored = [one for one in new if self._stored(question, one)]
        if question.decision is None:
            replies = [_Reply(one.comment, f"Not counted: {one.why}.") for one in words if one.kind is None]
            await self._reply(question, [*replies, *self._counted(question.id, stored)], comments)
        return bool(stored)

    def _stored(self, question: Question, word: Word) -> bool:
        said = said_on_thread(question, word, self.store.clock())
        try:
            return said is not None and self.hearing.keep(self.store.questions.question(question.id), said)
        except AlreadyDecided:
            return False

    def _counted(self, question: str, stored: Sequence[Word]) -> list[_Reply]:
        """What to tell whoever approved while others still have to."""
        now = self.store.questions.question(question)
        left = now.needed - len(now.approved_by)
        if now.decision is not None or left < 1:
            return []
        more = "one more person" if left == 1 else f"{left} more persons"
        return [_Reply(one.comment, f"Counted; {more} must approve.") for one in stored]

    async def decide(  # noqa: PLR0913  who says what, where, and about which question
        self,
        question: str,
        kind: DecisionKind,
        channel: Channel,
        identity: str,
        text: str,
        comment: Comment | None = None,
        card: str | None = None,
    ) -> Question:
        """Store a person's answer; one that is given in a `comment` falls with it, when that is changed, and
        one by a button with the message on which it stood: `card`.

        Raises NotAllowed, AlreadyDecided; a repeated answer changes nothing.
        """
        asked = self.store.questions.question(question)
        plan = self.store.plans.plan(asked.plan_hash)
        panel = panel_of(self.hearing.environment(plan.environment), plan)
        person = check_allowed(self.hearing.person(channel, identity), kind, panel)
        if not asked.was_said(kind, person.name):
            saying = Saying(channel=channel, account=identity, text=text, comment=comment, card=card)
            self.hearing.keep(asked, decision(asked, kind, person.name, saying, self.store.clock()))
        return self.store.questions.question(question)

    async def _reply(
        self, question: Question, replies: Sequence[_Reply], comments: Sequence[Comment]
    ) -> None:
        """Answer each comment once; under the waiting deployment's own lease."""
        thread = "\n".join(one.text for one in comments)
        new = [one for one in replies if f"/{marked(one.occasion)} -->" not in thread][:MOST_REPLIES]
        lease = self.store.leases.take(question.deployment, self.worker, LEASE_SECONDS) if new else None
        if lease is None:
            return
        at = Errand(deployment=question.deployment, stage=Stage.APPROVAL, lease=lease)
        voice = self.voice.in_manner(Manner.PARTING)
        try:
            for one in new:
                await voice.say(at, question.task, one.occasion, one.text)
        finally:
            self.store.leases.release(lease)


@dataclass(frozen=True)
class _Reply:
    """What one comment is answered with."""

    comment: Comment
    text: str

    @property
    def occasion(self) -> str:
        return f"{self.text.split(':')[0].split(';')[0].lower()} {self.comment.id}"


def _is_news(question: Question, word: Word) -> bool:
    """Whether it was not said before; when it is decided, only what is against an approval is news."""
    if word.kind is None or question.was_said(word.kind, word.by):
        return False
    return question.decision is None or question.decision.kind is not word.kind
