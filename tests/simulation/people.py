"""People of the simulation: they write changes, answer, hesitate, contradict, push, and turn switches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import cast

from orchestrate.app import App
from orchestrate.cli.deploy.cancel import LEASE_SECONDS, check_cancellable, ended
from orchestrate.counter.going_back import before_live, call_back, is_held_half_way, judge
from orchestrate.errors import OrchestrateError
from orchestrate.models.change import Change, Check, CheckState, NewChange, Review, ReviewVerdict
from orchestrate.models.deployment import DecisionKind, ForApproval, Kind, Outcome, Request, Status
from orchestrate.models.environment import Channel
from orchestrate.models.question import Question
from orchestrate.models.task import Comment
from tests.simulation.loop import VirtualLoop
from tests.simulation.record import Asked, Record, Spoken
from tests.simulation.scene import UNBUILDABLE, UNSTARTABLE, UNWELL
from tests.simulation.troubles import Swarm, Trouble
from tests.stories.world import World
from tools.workspace import create

APPROVERS = ("ada", "rob")
NONSENSE = (
    "Approved?",
    "> Approved",
    "I think this can be Approved",
    "`Approved`",
    "Аpproved",  # noqa: RUF001 - the first letter is Cyrillic
    "approved 👍",
    "Approved Q99999",
    "Hodl",
)
Act = Callable[[], Awaitable[None]]


@dataclass(kw_only=True)
class People:
    """Everybody, with a command line of their own."""

    world: World
    loop: VirtualLoop
    swarm: Swarm
    record: Record
    chance: Random
    changes: list[Change] = field(default_factory=list[Change])
    _answering: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    _mine: list[tuple[Question, Comment]] = field(default_factory=list[tuple[Question, Comment]])

    def acts(self) -> list[tuple[Trouble, float, Act]]:
        """What people do now and then: the trouble that it is, and the mean seconds between two."""
        return [
            (Trouble.PUSH, 30, self.push),
            (Trouble.SECOND, 60, self.ask_again),
            (Trouble.BY_HAND, 70, self.go_back),
            (Trouble.CANCEL, 60, self.cancel),
            (Trouble.NONSENSE, 15, self.chatter),
            (Trouble.EDIT, 20, self.edit),
            (Trouble.DELETE, 20, self.delete),
        ]

    async def write(self, count: int) -> None:
        """Propose so many changes, with a task each."""
        for number in range(1, count + 1):
            files: dict[str, str | None] = {f"part{number}.py": f"work {number}"}
            if self.swarm.has(Trouble.CONFLICT) and self.chance.random() < 0.4:
                files["shared.py"] = f"by {number}"
            if self.swarm.has(Trouble.DANGEROUS) and self.chance.random() < 0.3:
                files[".github/workflows/ci.yml"] = f"jobs: {number}"
            if self.swarm.has(Trouble.BAD) and self.chance.random() < 0.4:
                files[self.chance.choice((UNBUILDABLE, UNSTARTABLE, UNWELL))] = "sorry"
            await self.propose(f"branch{number}", files)
            await self.rest(1, 40)

    async def propose(self, branch: str, files: dict[str, str | None]) -> None:
        """A change and its task; where the seed says so, not yet ready."""
        self.world.forge.write(branch, files, f"Work on {branch}", since="main")
        new = NewChange(branch=branch, base="main", title=f"Work on {branch}", author="mira")
        change = await self.world.forge.open(new)
        is_ready = not (self.swarm.has(Trouble.UNREADY) and self.chance.random() < 0.4)
        if is_ready or self.chance.random() < 0.5:
            self.judge_head(change, is_good=is_ready)
        workspace = str(create(self.world.crew.workspaces)) if self.chance.random() < 0.1 else None
        task = await self.world.task(change, workspace=workspace)
        self.changes.append(change)
        self.note(f"proposes {branch} as change {change.id} with {sorted(files)}, task {task.id}")

    def judge_head(self, change: Change, *, is_good: bool = True) -> None:
        """Mira's change is reviewed by somebody else, and its checks end."""
        at, state = self.world.clock(), CheckState.PASSED if is_good else CheckState.FAILED
        said = Review(by="rob", verdict=ReviewVerdict.APPROVED, sha=change.head, at=_moment(at))
        self.world.records.review(change.id, said)
        self.world.records.check(change.id, Check(name="tests", state=state, sha=change.head))

    async def make_ready(self) -> None:
        """Every change is reviewed and green in the end."""
        for one in self.changes:
            self.judge_head(await self.world.forge.change(one.id))

    async def answer(self) -> None:
        """Look at what is asked, for as long as there are troubles and after."""
        while True:
            for question in self.world.store.questions.unanswered():
                for who in APPROVERS:
                    await self._answer(question, who)
            if self.chance.random() < 0.5:
                self._look_at_waits()
            await self.rest(2, 6)

    async def _answer(self, question: Question, who: str) -> None:
        now = self.loop.time()
        key = (question.id, who)
        if key not in self._answering:
            is_late = self.swarm.has(Trouble.LATE) and self.chance.random() < 0.5
            self._answering[key] = now + (
                self.chance.uniform(60, 400) if is_late else self.chance.uniform(0, 20)
            )
        is_due = now >= self._answering[key] or self.swarm.is_over
        already = any(one.by == who for one in question.approvals)
        if is_due and not already and (who == "ada" or question.needed > 1):
            await self.say(question, who, self._kind(question))
            self._answering[key] = now + 30

    def _kind(self, question: Question) -> DecisionKind:
        if question.gate_kind.startswith("go_on") and self._went_on(question):
            return DecisionKind.ROLL_BACK  # to go on does not help
        if self.swarm.strikes(Trouble.HOLD, 0.2):
            return DecisionKind.HOLD
        if self.swarm.strikes(Trouble.ROLL_BACK, 0.2):
            return DecisionKind.ROLL_BACK
        return DecisionKind.APPROVED

    def _went_on(self, question: Question) -> bool:
        asked = self.world.store.questions.for_deployment(question.deployment)
        same = question.gate_kind.rpartition("/")[0]
        return sum(one.gate_kind.startswith(same) and one.consumed_at is not None for one in asked) > 1

    async def say(self, question: Question, who: str, kind: DecisionKind) -> None:
        """Answer on the thread or at the command line."""
        self.record.spoken.append(Spoken(self.loop.time(), who, str(kind), question.id, question.plan_hash))
        is_on_thread = question.task is not None and self.chance.random() < 0.5
        self.note(f"{who} says {kind} to {question.id} {'on its thread' if is_on_thread else ''}")
        if is_on_thread and question.task:
            text = {"approved": "Approved", "hold": "Hold", "roll_back": "Roll back"}[str(kind)]
            said = await self.world.tracker.say(
                question.task, who, text if self.chance.random() < 0.4 else f"{text} {question.id}"
            )
            self._mine.append((question, said))
            if self.chance.random() < 0.3:
                self.loop.as_party("people", self._regret(question, said))
            return
        with suppress(OrchestrateError):
            await self.world.answers.decide(question.id, kind, Channel.CLI, who, str(kind))

    async def chatter(self) -> None:
        """Words that are no answer, and answers from people who may not give them."""
        tasks = await self.world.tracker.tasks()
        if tasks:
            task, text = self.chance.choice(tasks), self.chance.choice(NONSENSE)
            who = self.chance.choice((*APPROVERS, "mira", "mallory"))
            text = "Approved" if who == "mallory" else text
            await self.world.tracker.say(task.id, who, text)
            self.note(f"{who} writes {text!r} on {task.id}")

    async def edit(self) -> None:
        """An answer becomes another text."""
        if self._mine:
            await self._edit(*self._mine.pop(self.chance.randrange(len(self._mine))))

    async def delete(self) -> None:
        """An answer is taken away."""
        if self._mine:
            await self._delete(*self._mine.pop(self.chance.randrange(len(self._mine))))

    async def _edit(self, question: Question, said: Comment) -> None:
        self._unsay(question, said)
        await self.world.tracker.edit(said.id, f"{said.text} not")

    async def _delete(self, question: Question, said: Comment) -> None:
        self._unsay(question, said)
        self.world.tracker.erase(said.id)

    async def _regret(self, question: Question, said: Comment) -> None:
        """To take it back right after it was said."""
        await self.rest(0, 8)
        is_gone = (question, said) not in self._mine
        if not is_gone and (self.swarm.has(Trouble.DELETE) or self.swarm.has(Trouble.EDIT)):
            self._mine.remove((question, said))
            await (self._delete if self.swarm.has(Trouble.DELETE) else self._edit)(question, said)

    def _unsay(self, question: Question, said: Comment) -> None:
        self.note(f"{said.author} takes back what was said to {question.id}")
        self.record.spoken.append(
            Spoken(self.loop.time(), said.author, "unsaid", question.id, question.plan_hash)
        )

    async def push(self) -> None:
        """One more commit on a branch that is perhaps asked about just now."""
        if not self.changes:
            return
        change = self.chance.choice(self.changes)
        text = f"{self.loop.time()}"
        self.world.forge.write(change.branch, {f"{change.branch}.py": text}, "One more thing")
        fresh = await self.world.forge.change(change.id)
        self.note(f"pushes {fresh.head[:8]} to change {change.id}")
        if self.chance.random() < 0.6:
            await self.rest(0, 20)
            self.judge_head(await self.world.forge.change(change.id))

    async def ask_again(self) -> None:
        """A deployment without a task, beside those that are under way."""
        name = self.chance.choice(sorted(self.world.environments))
        words: dict[str, object] = {"wait": self.chance.random() < 0.6}
        if self.changes and self.chance.random() < 0.5:
            words["change"] = self.chance.choice(self.changes).id
        else:
            words["version"] = self.world.forge.branches["main"]
        row = self.world.accept(name, requested_by=self.chance.choice(("rob", "mira")), **words)
        self.note(f"asks for deployment {row.id} to {name} {words}")

    async def go_back(self) -> None:
        """Somebody takes a release back, as `orchestrate deploy rollback` does."""
        store, name = self.world.store, self.chance.choice(sorted(self.world.environments))
        under_way = [
            one
            for one in store.deployments.latest(limit=50)
            if one.status is not Status.FINISHED and one.environment == name
        ]
        for row in under_way[:1]:
            with suppress(OrchestrateError):
                (call_back if is_held_half_way(row) else judge)(store, row, "ada", "by hand")
                self.note(f"ada calls {row.id} back")
                return
        place = self.world.crew.places(name)
        slots = [one.live for one in (await place.running()).values()]
        live = next((slot.version for slot in slots if slot is not None), None)
        deployed = store.deployments.latest(environment=name, outcome=Outcome.DEPLOYED, limit=200)
        with suppress(OrchestrateError):
            target = before_live(store, name, deployed, live)
            row = self.world.intake.accept(
                Request(
                    kind=Kind.ROLLBACK,
                    environment=name,
                    version=target.commit,
                    requested_by="ada",
                    rolls_back=deployed[0].id if deployed else None,
                )
            )
            self.note(f"ada goes back in {name} to {target.name}: {row.id}")

    async def cancel(self) -> None:
        """Somebody cancels what has changed nothing yet, as `orchestrate deploy cancel` does."""
        store = self.world.store
        rows = [one for one in store.deployments.latest(limit=50) if one.status is not Status.FINISHED]
        for row in rows[:1]:
            with suppress(OrchestrateError):
                check_cancellable(row)
                lease = store.leases.take(row.id, "people", LEASE_SECONDS)
                if lease is not None:
                    self.note(f"cancels {row.id}")
                    try:
                        await ended(cast(App, self.world), lease, "cancelled by ada")
                    finally:
                        store.leases.release(lease)

    async def rest(self, least: float, most: float) -> None:
        """Let time pass."""
        await asyncio.sleep(self.chance.uniform(least, most))

    def note(self, text: str) -> None:
        """A line of the trace."""
        self.record.note(self.loop.time(), "people", text)

    def _look_at_waits(self) -> None:
        """What is shown to people of every deployment that waits for them."""
        for row in self.world.store.deployments.latest(limit=50, status=Status.WAITING):
            if isinstance(row.waits_for, ForApproval):
                asked = self.world.store.questions.for_deployment(row.id)
                is_answered = any(one.id == row.waits_for.gate and not one.is_open for one in asked)
                count = sum(one.is_open for one in asked) or is_answered
                self.record.asked.append(Asked(self.loop.time(), row.id, int(count)))


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
