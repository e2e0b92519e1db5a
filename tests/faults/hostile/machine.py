"""A world that a machine plays with: everybody does anything in any order, and what was approved is noted."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TypeVar

from orchestrate.approvals import answer_in
from orchestrate.errors import OrchestrateError
from orchestrate.models.change import Change
from orchestrate.models.deployment import DecisionKind, Deployment, Lease, Stage, Status
from orchestrate.models.fact import canonical
from orchestrate.models.move import words
from orchestrate.models.plan import Plan
from orchestrate.models.question import Question
from orchestrate.models.task import Task
from tests.faults.hostile.hands import CHANGES, Hands, attempt, errand, forged
from tests.stories.places import quick
from tests.stories.twins import Clock, Outside, outside
from tests.stories.world import World, assembled
from tools.executor import EffectClass
from tools.tasks import BOT

T = TypeVar("T")


class Killed(BaseException):
    """The process ends here."""


class Play:
    """One world, its people and crashes, and what Ada says yes to, noted apart from the product's notes."""

    def __init__(self) -> None:
        self.loop = asyncio.Runner()
        self.temporary = tempfile.TemporaryDirectory(prefix="machine-")
        self.folder = Path(self.temporary.name)
        self.places = {"production": quick(self.folder)}
        self.around: Outside = outside(("production",), Clock())
        self.approved: dict[str, Plan] = {}  # hash → plan
        self.by_others: list[str] = []  # commits that people brought to main
        self.stack = AsyncExitStack()
        self.run(self._open())

    def run(self, doing: Coroutine[object, object, T]) -> T:
        return self.loop.run(doing)

    async def _open(self) -> None:
        if not (self.folder / "store.db").exists():
            await self.around.begin(self.places)
            self.built = {*self.around.provider.artifacts}
        self.here: World = await self.stack.enter_async_context(
            assembled(self.folder, self.around, self.places)
        )

    def close(self) -> None:
        self.run(self.stack.aclose())
        self.loop.close()
        self.temporary.cleanup()

    def restart(self) -> None:
        """The process ended; another one begins, with what is kept in files and what the outside knows."""
        self.run(self.stack.aclose())
        self.stack = AsyncExitStack()
        self.around.provider.at.clear()
        self.run(self._open())

    def begin(self, branch: str) -> None:
        """Somebody asks for a change to be deployed."""
        self.row, self.task, self.change = self.run(self._ready(branch))

    async def _ready(self, branch: str) -> tuple[Deployment, Task, Change]:
        return await self.here.ready(branch)

    @property
    def now(self) -> Deployment:
        return self.here.store.deployments.deployment(self.row.id)

    @property
    def is_over(self) -> bool:
        return self.now.status is Status.FINISHED

    def drive(self) -> None:
        """A worker takes it as far as it comes, if it is due; it may be killed on the way."""
        if not self.here.is_due(self.row.id):
            return
        try:
            with suppress(OrchestrateError):
                self.run(self.here.runner.drive(self.row.id))
        except Killed:
            self.restart()

    def wait(self, seconds: float) -> None:
        with suppress(OrchestrateError):
            self.run(self.here.wait(seconds))

    def question(self) -> Question | None:
        asked = self.here.store.questions.for_deployment(self.row.id)
        return next((one for one in asked if one.is_open), None)

    def answer(self, kind: DecisionKind) -> None:
        """Ada answers what is open, or takes back at the command line what nobody used yet."""
        question = self.question()
        if question is None:
            return
        self.note(question, kind)
        with suppress(OrchestrateError):
            self.run(self.here.approve(self.row.id, kind))

    def say(self, who: str, text: str) -> None:
        """Somebody speaks on the thread; what Ada says there counts when it is an answer."""
        answer = answer_in(text)
        for question in self.unused() if who == "ada" and answer else ():
            self.note(question, answer[0] if answer else DecisionKind.HOLD)
        with suppress(OrchestrateError):
            self.run(self.here.says(who, text, self.task.id))

    def note(self, question: Question, kind: DecisionKind) -> None:
        """Write down what Ada said about a plan that nobody has begun."""
        if kind is DecisionKind.APPROVED and question.is_open:
            self.approved[question.plan_hash] = self.here.store.plans.plan(question.plan_hash)
        elif kind is not DecisionKind.APPROVED:
            self.approved.pop(question.plan_hash, None)

    def unused(self) -> list[Question]:
        """The questions about plans that nobody has begun."""
        asked = self.here.store.questions.for_deployment(self.row.id)
        return [one for one in asked if one.asks_approval and one.consumed_at is None]

    def edit(self, text: str) -> None:
        """The last words of a person become others; of Ada's, that takes back what they were."""
        thread = self.run(self.around.tracker.comments(self.task.id))
        said = [one for one in thread if one.author != BOT]
        if not said:
            return
        self.run(self.around.tracker.edit(said[-1].id, text))
        for question in self.unused():
            if question.decision and question.decision.comment == said[-1].id:
                self.approved.pop(question.plan_hash, None)

    def push(self, branch: str) -> None:
        """Somebody pushes; to main, that is somebody's right."""
        number = len(self.around.forge.branches) + len(self.by_others) + int(self.around.clock.now)
        commit = self.around.forge.write(branch, {f"{branch}-{number}.py": "x"}, "More")
        if branch == "main":
            self.by_others.append(commit)

    def kill_at(self, index: int) -> None:
        """The process is to be killed at one of the plan's moves."""
        row = self.now
        if row.plan_hash is None:
            return
        moves = self.here.store.plans.plan(row.plan_hash).moves

        def killed() -> None:
            self.around.provider.at.clear()
            raise Killed

        self.around.provider.at[words(moves[index % len(moves)].move)] = killed

    def call(self, index: int | None, effect: EffectClass | None, stage: Stage, which: str) -> None:
        """The model calls a tool at the door, with the lease of the worker or one that it made up."""
        self.run(self._call(index, effect, stage, which))

    async def _call(self, index: int | None, effect: EffectClass | None, stage: Stage, which: str) -> None:
        row = self.now
        hashes = {
            "own": row.plan_hash,
            "none": None,
            "zeros": "0" * 64,
            "other": next(iter(self.approved), None),
        }
        plan = self.here.store.plans.plan(row.plan_hash) if row.plan_hash else None
        lease = self.here.store.leases.take(row.id, "hands", 60)
        held = lease or forged(Lease(deployment=row.id, worker="hands", token=1, until=0))
        calls = Hands(self.here).calls(row.id, plan)
        changes = [one for one in calls if one.name.split()[0] in CHANGES]
        for one in changes if index is None else (calls[index % len(calls)],):
            with suppress(Killed):
                await attempt(one, errand(held, hashes[which], stage), effect)
        if lease is not None:
            self.here.store.leases.release(lease)

    def forbidden(self) -> list[str]:
        """What happened outside that Ada said yes to in no plan."""
        provider, forge, plans = self.around.provider, self.around.forge, [*self.approved.values()]
        moves = {canonical(one) for plan in plans for step in plan.moves for one in (step.move, step.undo)}
        trees = {plan.version.tree for plan in plans}
        orders = [plan.merge for plan in plans]
        found = [f"moved: {move}" for move in provider.done if canonical(move) not in moves]
        made = {tree for _, tree in {*provider.artifacts} - self.built}
        found += [f"built: {tree}" for tree in made - trees]
        found += [f"merged: {order}" for order in forge.merges if order not in orders]
        twice = len(forge.merges) - len({canonical(order) for order in forge.merges})
        return [*found, *(["merged twice"] if twice else [])]
