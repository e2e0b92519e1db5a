"""Answers: what people say on threads and at the command line, turned into decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from orchestrate.approvals import Word, check_allowed, check_open, decision, standing, words
from orchestrate.errors import AlreadyDecided, NotAllowed, OrchestrateError
from orchestrate.models.deployment import DecisionKind, Stage
from orchestrate.models.environment import Channel, Environment, Person
from orchestrate.models.question import Question
from orchestrate.models.task import Comment
from orchestrate.store import Store
from tools.desk import marked
from tools.executor import Errand
from tools.merge import Forge
from tools.tasks import BOT, Threads
from tools.voice import Voice

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
    forge: Forge
    voice: Voice
    environment: Callable[[str], Environment]
    person: Callable[[Channel, str], Person | None]
    people: Sequence[Person]
    worker: str
    bot: str = BOT
    heard: Heard = field(default_factory=Heard)

    async def read(self) -> tuple[str, ...]:
        """Look at the threads that were spoken on; the deployments that got an answer, or another one.

        A thread that cannot be read keeps no other from being read; then its OrchestrateError is raised,
        and all of them are read again the next time.
        """
        news = await self.tasks.spoken(self.heard.mark)
        answered: list[str] = []
        problems: list[OrchestrateError] = []
        for question, waiting in self._asked(news.tasks):
            try:
                answered += [question.deployment] if await self._read(question, waiting) else []
            except OrchestrateError as problem:
                problems.append(problem)
        if problems:
            raise problems[0]
        self.heard.mark = news.mark
        return tuple(answered)

    def _asked(self, tasks: Sequence[str]) -> Iterator[tuple[Question, Sequence[Question]]]:
        """The questions on these threads, with all that wait on the same; an approval that was not used yet,
        because the environment is busy, is asked about again: Hold beats it."""
        for task in tasks:
            waiting = self.store.questions.unanswered(task)
            for question in (*waiting, *self.store.questions.unused(task)):
                yield question, waiting

    async def _read(self, question: Question, waiting: Sequence[Question]) -> bool:
        """Whether the thread decides the question, or decides it otherwise than before."""
        word = await self._stands(question, waiting)
        if word is None or word.kind is None or (question.decision and question.decision.kind == word.kind):
            return False
        try:
            said = word.comment
            await self.decide(question.id, word.kind, Channel.TRACKER, said.author, said.text)
        except AlreadyDecided:
            return False
        return True

    async def _stands(self, question: Question, waiting: Sequence[Question]) -> Word | None:
        """What the thread says about the question; who said something that does not count hears why, once."""
        comments = await self.tasks.comments(question.task or "")
        since = self.store.deployments.deployment(question.deployment).created_at.timestamp()
        on_thread = {one.id for one in waiting if one.task == question.task} | {question.id}
        heard: list[tuple[str, Word]] = []
        lost: list[Word] = []
        for word in words(comments, question, since, on_thread):
            who = await self._who(question, word)
            heard += [(who.name, word)] if isinstance(who, Person) else []
            lost += [replace(word, why=who)] if isinstance(who, str) else []
        if question.decision is None:
            await self._explain(question, lost, comments)
        found = standing(heard)
        return found[1] if found else None

    async def _who(self, question: Question, word: Word) -> Person | str | None:
        """Whose answer it is, or why it does not count; nobody, when it is our own."""
        if word.comment.author == self.bot:
            return None
        if word.kind is None:
            return word.why
        try:
            return await self._allowed(question, word.kind, Channel.TRACKER, word.comment.author)
        except NotAllowed as refused:
            return str(refused)

    async def decide(
        self, question: str, kind: DecisionKind, channel: Channel, identity: str, text: str
    ) -> Question:
        """Store a person's answer. Raises NotAllowed, AlreadyDecided; a repeated answer changes nothing."""
        asked = self.store.questions.question(question)
        person = await self._allowed(asked, kind, channel, identity)
        if asked.decision and (asked.decision.kind, asked.decision.by) == (kind, person.name):
            return asked
        check_open(asked, self.store.clock())
        said = decision(asked, kind, person, channel, text=text, at=self.store.clock())
        if self.store.questions.decide(question, said):
            row = self.store.deployments.deployment(asked.deployment)
            self.store.events.add(
                row.id, row.stage, "decided", f"{person.name} said {kind}", {"by": person.name}
            )
        return self.store.questions.question(question)

    async def _allowed(
        self, question: Question, kind: DecisionKind, channel: Channel, identity: str
    ) -> Person:
        """Who answers, if they may. Raises NotAllowed; a Hold is never kept waiting by the forge."""
        plan = self.store.plans.plan(question.plan_hash)
        asks_author = kind is DecisionKind.APPROVED and plan.change is not None
        change = await self.forge.change(plan.change) if asks_author and plan.change else None
        environment = self.environment(plan.environment)
        return check_allowed(self.person(channel, identity), kind, environment, change, self.people)

    async def _explain(self, question: Question, lost: Sequence[Word], comments: Sequence[Comment]) -> None:
        """Say once why each comment does not count; under the waiting deployment's own lease."""
        thread = "\n".join(one.text for one in comments)
        new = [one for one in lost if f"/{marked(_occasion(one.comment))} -->" not in thread][:MOST_REPLIES]
        lease = self.store.leases.take(question.deployment, self.worker, LEASE_SECONDS) if new else None
        if lease is None:
            return
        at = Errand(deployment=question.deployment, stage=Stage.APPROVAL, lease=lease)
        try:
            for one in new:
                text = f"Not counted: {one.why}."
                await self.voice.say(at, question.task, _occasion(one.comment), text)
        finally:
            self.store.leases.release(lease)


def _occasion(comment: Comment) -> str:
    return f"not counted {comment.id}"
