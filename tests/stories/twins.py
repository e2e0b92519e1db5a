"""Twins of the outside that do as a story tells: fail, hesitate, or let something happen at a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agents.model import Model, NoModel
from agents.situation import Situation
from orchestrate.errors import MergeQueued, MergeRefused, OutsideFailed, Unreachable
from orchestrate.models.change import Change, Merged, MergeMethod, MergeOrder, Preview, Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import Move, SetTraffic, Start, words
from orchestrate.models.plan import Plan
from orchestrate.models.runtime import Running, Slot
from orchestrate.models.sample import Counters, SampleState
from orchestrate.models.signature import Signature
from orchestrate.models.task import Comment, NewTask, Queue, Task
from tools.inspection import Inspection, Point
from tools.memory_forge import MemoryChanges
from tools.memory_resolving import ResolvingForge
from tools.migrations import Target
from tools.place import Place
from tools.provider import MemoryProvider, Say
from tools.queueing import MemoryQueue
from tools.remembering import Memory
from tools.reserving import Reservations
from tools.series import MemorySeries
from tools.showing import MemoryShowcase
from tools.signatures import MemorySignatures
from tools.systems.sqlite_target import SqliteTarget
from tools.tasks import MemoryTracker, Spoken
from tools.workflows import Watched


@dataclass
class Clock:
    """Time that passes when the story says so."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Tracker(MemoryTracker):
    """A tracker that can be down, and counts what was written to it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock=clock)
        self.is_down = False
        self.refuses: set[str] = set()  # statuses
        self.written: list[str] = []

    async def task(self, id: str) -> Task:
        self._check()
        return await super().task(id)

    async def find(self, marker: str) -> Task | None:
        self._check()
        return await super().find(marker)

    async def ready(self, queue: Queue) -> tuple[Task, ...]:
        self._check()
        return await super().ready(queue)

    async def comments(self, task: str) -> tuple[Comment, ...]:
        self._check()
        return await super().comments(task)

    async def spoken(self, since: str) -> Spoken:
        self._check()
        return await super().spoken(since)

    async def dependents(self, task: str) -> tuple[Task, ...]:
        self._check()
        return await super().dependents(task)

    async def depend(self, task: str, on: str, instead_of: str | None = None) -> None:
        self._check()
        await super().depend(task, on, instead_of)

    async def comment(self, task: str, text: str) -> Comment:
        self._check()
        self.written.append(f"comment {task}")
        return await super().comment(task, text)

    async def create(self, new: NewTask) -> Task:
        self._check()
        self.written.append(f"create {new.marker}")
        return await super().create(new)

    async def move(self, task: str, status: str, queue: Queue | None = None) -> None:
        self._check()
        if status in self.refuses:
            raise OutsideFailed(f"400: there is no status {status}")
        self.written.append(f"move {task} {status}")
        await super().move(task, status, queue)

    async def close(self, task: str, reason: str, status: str) -> None:
        self._check()
        self.written.append(f"close {task}")
        await super().close(task, reason, status)

    def forget(self, task: str) -> None:
        """Somebody deletes a task."""
        del self._tasks[task]

    def erase(self, comment: str) -> None:
        """Somebody deletes a comment."""
        del self._comments[comment]

    def _check(self) -> None:
        if self.is_down:
            raise Unreachable("the tracker does not answer")


class Forge(ResolvingForge):
    """A forge that can be down, refuse, or have somebody push in the last moment."""

    def __init__(self, records: MemoryChanges) -> None:
        super().__init__(records)
        self.is_down = False
        self.refusal = ""
        self.before_preview: Callable[[], object] = lambda: None
        self.before_merge: Callable[[], object] = lambda: None
        self.is_merged_by_hand = False  # right before we would
        self.queue: MemoryQueue | None = None  # in which changes wait to be merged, where there is one
        self.merges: list[MergeOrder] = []

    async def change(self, id: str) -> Change:
        self._check()
        return await super().change(id)

    async def version(self, name: str) -> Version:
        self._check()
        return await super().version(name)

    async def preview(self, change: Change, method: MergeMethod) -> Preview:
        self._check()
        self.before_preview()
        return await super().preview(change, method)

    async def merge(self, order: MergeOrder) -> Merged:
        self._check()
        self.before_merge()
        if self.refusal:
            raise MergeRefused(self.refusal)
        if self.queue is not None:
            self.queue.waiting += [order.change] if order.change not in self.queue.waiting else []
            raise MergeQueued(f"change {order.change} is in the merge queue", retry_after=15)
        merged = await super().merge(order)
        self.merges.append(order)
        return merged

    async def merged(self, order: MergeOrder) -> Merged | None:
        self._check()
        if self.is_merged_by_hand:
            self.is_merged_by_hand = False
            await super().merge(order)
        return await super().merged(order)

    def _check(self) -> None:
        if self.is_down:
            raise Unreachable("the forge does not answer")


class Signatures(MemorySignatures):
    """Signatures that are looked at right after something happened."""

    def __init__(self) -> None:
        super().__init__()
        self.before: Callable[[], object] = lambda: None

    async def of(self, version: Version, signers: Path) -> Signature:
        self.before()
        return await super().of(version, signers)


class Provider(MemoryProvider):
    """A provider where something can happen at a move, named by its words."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[str, Callable[[], object]] = {}  # words of a move → what happens then; it may raise
        self.slow: set[str] = set()
        self.is_down = False
        self.locked: dict[str, str] = {}  # slot → why its log cannot be read

    async def running(self, component: Component) -> Running:
        if self.is_down:
            raise Unreachable("the provider does not answer")
        return await super().running(component)

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        said = words(move)
        if said in self.slow:
            await asyncio.sleep(60)
        self.at.get(said, lambda: None)()
        await super().apply(component, move, say)

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        if slot in self.locked:
            raise OutsideFailed(self.locked[slot])
        return await super().tail(component, slot, lines)

    def live(self, component: str = "web") -> Slot:
        """The slot with most of the traffic."""
        weights = self.weights.get(component, {})
        slots = [slot for (part, _), slot in self.slots.items() if part == component]
        return max(slots, key=lambda slot: weights.get(slot.name, 0))


class CalmInspection(Inspection):
    """Believes the provider, and asks no address: in memory nothing listens."""

    async def _smoke(self, place: Place, component: Component, before: Mapping[str, str]) -> list[Point]:
        return []


@dataclass
class SteadyMetrics:
    """Every running slot serves a hundred requests a second, and fails as told."""

    clock: Clock
    failing: dict[str, float] = field(default_factory=dict[str, float])  # slot → share of requests that fail
    state: SampleState = SampleState.OK
    rate: int = 100
    before: Callable[[], object] = lambda: None  # what happens right before it is read

    async def read(self, component: Component, running: Running) -> dict[str, Counters | SampleState]:
        self.before()
        if self.state is not SampleState.OK:
            return {slot.name: self.state for slot in running.slots}
        return {slot.name: self._counters(slot.name) for slot in running.slots if slot.version}

    def _counters(self, slot: str) -> Counters:
        requests = int(self.clock() - 1_799_999_000) * self.rate
        return Counters(requests=requests, errors=int(requests * self.failing.get(slot, 0.0)))


def _always(situation: Situation, plan: Plan) -> bool:  # noqa: ARG001 - what the planner asks
    return True


@dataclass(kw_only=True)
class Outside:
    """Everything that is not ours."""

    clock: Clock
    tracker: Tracker
    forge: Forge
    records: MemoryChanges
    providers: dict[str, Provider]
    metrics: SteadyMetrics
    series: MemorySeries = field(default_factory=MemorySeries)
    targets: Callable[[Environment], dict[str, Target]] = field(default_factory=lambda: targets)
    signatures: Signatures = field(default_factory=Signatures)
    model: Model = field(default_factory=NoModel)
    is_worth_asking: Callable[[Situation, Plan], bool] = field(default_factory=lambda: _always)
    inspection: Inspection = field(default_factory=CalmInspection)
    showcase: MemoryShowcase | None = None
    workflows: Watched | None = None
    memory: Memory | None = None  # None: our own
    reservations: Reservations | None = None
    has_notes: bool = True  # our own are kept at all

    @property
    def provider(self) -> Provider:
        """Production's."""
        return self.providers["production"]

    async def begin(self, environments: Mapping[str, Environment]) -> None:
        """Version one is on main, and live in every environment."""
        self.forge.write("main", {"app.py": "one"}, "Version one")
        first = await self.forge.version("main")
        for name, environment in environments.items():
            provider = self.providers[name]
            for part in environment.components:
                await provider.build(part, first, self.forge.checkout, lambda _: None)
                start = Start(component=part.name, slot="blue", version=first, instances=part.instances)
                await provider.apply(part, start, lambda _: None)
                if part.port:
                    share = SetTraffic(component=part.name, was={}, weights={"blue": 100})
                    await provider.apply(part, share, lambda _: None)
            provider.done.clear()


def outside(names: tuple[str, ...], clock: Clock) -> Outside:
    """Everything that is not ours, in memory."""
    records = MemoryChanges()
    return Outside(
        clock=clock,
        tracker=Tracker(clock),
        forge=Forge(records),
        records=records,
        providers={name: Provider() for name in names},
        metrics=SteadyMetrics(clock),
    )


def targets(environment: Environment) -> dict[str, Target]:
    """The databases of its components."""
    with_database = [one for one in environment.components if one.database is not None]
    return {one.name: SqliteTarget(one.database.url) for one in with_database if one.database}
