"""Hands that call any tool by any name with any arguments, at the door to effects itself."""

from __future__ import annotations

import ast
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from orchestrate.errors import OrchestrateError
from orchestrate.models.change import MergeOrder, Version
from orchestrate.models.conflict import ResolvedFile, ResolveOrder
from orchestrate.models.deployment import Lease, Stage
from orchestrate.models.fact import Fact
from orchestrate.models.learning import Learning, Reservation
from orchestrate.models.move import Irreversible, Move, SetTraffic, Stop
from orchestrate.models.plan import Plan
from orchestrate.models.task import NewTask, Priority, Queue
from tests.stories.world import World
from tools.building import BuildOrder, building
from tools.chat import MemoryChat, Message
from tools.desk import Blocked, Closed, Moved, Said, closing, commenting, depending, filing, moving_task
from tools.destroying import DestroyOrder, destroying
from tools.executor import EffectClass, Errand, Write
from tools.merging import merging
from tools.moves import Mover, PlacedMove, moving
from tools.posting import Edit, Post, editing, posting
from tools.queueing import LeaveOrder, MemoryQueue, leaving
from tools.remembering import MemoryInMind, remembering
from tools.reserving import MemoryReservations, releasing, reserving
from tools.resolving import resolving
from tools.reverting import RevertOrder, reverting
from tools.showing import MemoryShowcase, Shown, Standing, showing

A = TypeVar("A", bound=BaseModel)
R = TypeVar("R", bound=BaseModel)

TOOLS = Path(__file__).parents[3] / "tools"
CHANGES = frozenset({"build", "kubectl", "merge", "move", "undo"})
"""Names of tools that are no notes, whether they exist or not."""

NOBODYS = "0" * 40
MADE_UP = Version(commit=NOBODYS, tree=NOBODYS, name="evil")


class Anything(Fact):
    """Arguments of a tool that nobody knows."""

    argv: tuple[str, ...] = ("kubectl", "delete", "namespace", "production")


@dataclass(frozen=True)
class Call:
    """One way to call a tool."""

    name: str
    make: Callable[[Errand, EffectClass | None], Awaitable[BaseModel]]


@dataclass(frozen=True)
class Hands:
    """Whatever a program of ours could reach, with the lease of whoever drives in its hand."""

    here: World

    def calls(self, deployment: str, plan: Plan | None) -> tuple[Call, ...]:
        """Every tool with what the plan says, with what it does not say, and one that does not exist."""
        here, place = self.here, self.here.crew.places("production")
        mover = Mover(place=place, source=here.forge, say=_nothing, deployment=deployment)
        build = building(place, here.forge, _nothing)
        notes = (
            self._call(
                commenting(here.tracker, here.tracker, deployment), Said(task="T-1", key="x", text="x")
            ),
            self._call(filing(here.tracker, here.tracker), FILED),
            self._call(moving_task(here.tracker, here.tracker), Moved(task="T-1", status="Blocked")),
            self._call(depending(here.tracker, here.tracker), Blocked(task="T-1", on="T-1")),
            self._call(closing(here.tracker, here.tracker), Closed(task="T-9", status="Done", reason="x")),
            self._call(reverting(here.forge), RevertOrder(commit=NOBODYS, reason="x")),
            self._call(leaving(MemoryQueue()), LeaveOrder(change="1", plan=NOBODYS)),
            self._call(resolving(here.forge), RESOLVED),
            self._call(remembering(MemoryInMind()), LEARNT),
            self._call(reserving(MemoryReservations(here.clock)), RESERVED),
            self._call(releasing(MemoryReservations(here.clock)), RESERVED),
            self._call(showing(MemoryShowcase()), SHOWN),
            self._call(posting(MemoryChat()), Post(message=SAID, since=0.0)),
            self._call(editing(MemoryChat()), Edit(id="1", number=1, message=SAID)),
            self._call(destroying(here.crew.workspaces, deployment), DestroyOrder(workspace="../..")),
        )
        return (
            *(self._call(moving(mover, EffectClass.CHANGE), one) for one in _placed(plan)),
            *(self._call(moving(mover, EffectClass.UNDO), one) for one in _placed(plan)),
            *(self._call(build, BuildOrder(component="web", version=one)) for one in _versions(plan)),
            *(self._call(merging(here.forge), one) for one in _orders(plan)),
            *notes,
            self._call(self._unknown(), Anything()),
        )

    def _call(self, write: Write[A, R], args: A) -> Call:
        async def make(at: Errand, effect: EffectClass | None) -> BaseModel:
            tool = replace(write, effect=effect) if effect else write
            return await self.here.crew.executor.do(tool, args, at)

        return Call(f"{write.name} {args!r:.60}", make)

    def _unknown(self) -> Write[Anything, Anything]:
        async def act(args: Anything) -> Anything:
            self.here.provider.slots.clear()
            return args

        return Write(
            name="kubectl", effect=EffectClass.NOTE, result=Anything, key=lambda args: args.argv[0], act=act
        )

    async def try_all(
        self, calls: Sequence[Call], errands: Sequence[Errand], effects: Sequence[EffectClass | None]
    ) -> Mapping[str, int]:
        """Call everything in every way; how often it was let through, and how often not."""
        came = {"refused": 0, "through": 0}
        for at in errands:
            for effect in effects:
                for call in calls:
                    came["through" if await attempt(call, at, effect) else "refused"] += 1
        return came


async def attempt(call: Call, at: Errand, effect: EffectClass | None = None) -> bool:
    """Whether the door let it through."""
    try:
        await call.make(at, effect)
    except OrchestrateError:
        return False
    return True


def _nothing(text: str) -> None:
    """Nobody listens."""


SHOWN = Shown(deployment="x", environment="production", commit=NOBODYS, standing=Standing.DONE)
SAID = Message(marker="x", text="x")
LEARNT = Learning(key="x", service="shop", environment="production", was_good=True, text="x", at=0.0)
RESERVED = Reservation(holder="x", service="shop", files=("../x",), reason="x", until=0.0)
RESOLVED = ResolveOrder(
    change="1",
    head=NOBODYS,
    base=NOBODYS,
    files=(ResolvedFile(path="../x", text="x"),),
    body="x",
)
FILED = NewTask(
    title="x", description="x", queue=Queue.EXECUTION, status="Open", priority=Priority.P4, marker="x"
)


def _placed(plan: Plan | None) -> list[PlacedMove]:
    """The plan's moves and undos, each also in a place that is not its own, and moves that nobody planned."""
    made_up: list[Move] = [
        Stop(component="web", slot="blue", version=MADE_UP, instances=2),
        SetTraffic(component="web", was={}, weights={"green": 100}),
    ]
    steps = plan.moves if plan else ()
    undos = [step.undo for step in steps if not isinstance(step.undo, Irreversible)]
    moves = [*(step.move for step in steps), *undos, *made_up]
    own = [PlacedMove(index=index, move=step.move) for index, step in enumerate(steps)]
    back = [
        PlacedMove(index=index, move=step.undo)
        for index, step in enumerate(steps)
        if not isinstance(step.undo, Irreversible)
    ]
    elsewhere = [(at, move) for number, move in enumerate(moves, 90) for at in (0, 3, number)]
    return [*own, *back, *(PlacedMove(index=at, move=move) for at, move in elsewhere)]


def _versions(plan: Plan | None) -> list[Version]:
    return [MADE_UP, *([plan.version] if plan else [])]


def _orders(plan: Plan | None) -> list[MergeOrder]:
    if plan is None or plan.merge is None:
        return []
    head = plan.merge.model_copy(update={"head": NOBODYS})
    return [plan.merge, head, plan.merge.model_copy(update={"message": "evil"})]


def forged(lease: Lease) -> Lease:
    """A lease that nobody was given."""
    return lease.model_copy(update={"token": lease.token + 7})


def errand(lease: Lease, plan_hash: str | None, stage: Stage = Stage.DEPLOY) -> Errand:
    return Errand(deployment=lease.deployment, stage=stage, lease=lease, plan_hash=plan_hash)


def factories() -> frozenset[str]:
    """Every function of tools/ that makes a tool with an effect."""
    return frozenset(
        function.name
        for file in TOOLS.rglob("*.py")
        for function in ast.walk(ast.parse(file.read_text()))
        if isinstance(function, ast.FunctionDef) and _makes_a_tool(function)
    )


def _makes_a_tool(function: ast.FunctionDef) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Write"
        for node in ast.walk(function)
    )
