"""Answers: what people say on threads and at the command line, turned into decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrate.approvals import check_allowed, check_open, decision, newest_answer
from orchestrate.errors import AlreadyDecided, NotAllowed
from orchestrate.models.change import Change
from orchestrate.models.deployment import DecisionKind, Stage
from orchestrate.models.environment import Channel, Environment, Person
from orchestrate.models.question import Question
from orchestrate.models.task import Comment
from orchestrate.store import Store
from tools.executor import Errand
from tools.merge import Forge
from tools.tasks import Tasks
from tools.voice import Voice

LEASE_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Decides open questions, for allowed people only."""

    store: Store
    tasks: Tasks
    forge: Forge
    voice: Voice
    environment: Callable[[str], Environment]
    person: Callable[[Channel, str], Person | None]
    people: Sequence[Person]
    worker: str

    async def read(self) -> tuple[str, ...]:
        """Look at the threads of all open questions; the deployments that got an answer."""
        answered: list[str] = []
        waiting = self.store.questions.unanswered()
        for question in waiting:
            if question.task is None:
                continue
            rivals = [one for one in waiting if one.task == question.task]
            comments = await self.tasks.comments(question.task)
            found = newest_answer(comments, question, only_open=len(rivals) == 1)
            if found is not None and await self._take(question, *found):
                answered.append(question.deployment)
        return tuple(answered)

    async def _take(self, question: Question, comment: Comment, kind: DecisionKind) -> bool:
        try:
            await self.decide(question.id, kind, Channel.TRACKER, comment.author, comment.text)
        except NotAllowed as refused:
            await self._reply(question, comment, str(refused))
            return False
        except AlreadyDecided:
            return False
        return True

    async def decide(
        self, question: str, kind: DecisionKind, channel: Channel, identity: str, text: str
    ) -> Question:
        """Store a person's answer. Raises NotAllowed, AlreadyDecided; a repeated answer changes nothing."""
        asked = self.store.questions.question(question)
        row = self.store.deployments.deployment(asked.deployment)
        change = await self._change(row.request.change)
        person = check_allowed(
            self.person(channel, identity), kind, self.environment(row.environment), change, self.people
        )
        check_open(asked, self.store.clock())
        said = decision(asked, kind, person, channel, text=text, at=self.store.clock())
        self.store.questions.decide(question, said)
        self.store.events.add(row.id, row.stage, "decided", f"{person.name} said {kind}", {"by": person.name})
        return self.store.questions.question(question)

    async def _change(self, id: str | None) -> Change | None:
        return await self.forge.change(id) if id else None

    async def _reply(self, question: Question, comment: Comment, why: str) -> None:
        """Say once why a comment does not count; under the waiting deployment's own lease."""
        lease = self.store.leases.take(question.deployment, self.worker, LEASE_SECONDS)
        if lease is None:
            return
        at = Errand(deployment=question.deployment, stage=Stage.APPROVAL, lease=lease)
        try:
            await self.voice.say(at, question.task, f"not counted {comment.id}", f"Not counted: {why}.")
        finally:
            self.store.leases.release(lease)
