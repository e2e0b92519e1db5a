"""The scene: an outside in which versions can be bad, numbers can be missing, and somebody looks on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from random import Random

from ulid import ULID

from orchestrate.errors import BuildFailed, StartFailed
from orchestrate.models.audit import AuditKind
from orchestrate.models.change import CheckState, MergeOrder, ReviewVerdict, Version
from orchestrate.models.deployment import DecisionKind, Event, Kind
from orchestrate.models.environment import Component
from orchestrate.models.move import Move, Start
from orchestrate.models.runtime import Artifact, Running
from orchestrate.models.sample import Counters, SampleState
from orchestrate.store import Store
from orchestrate.store.database import Clock as Now
from orchestrate.store.rows import ALPHABET, Ulids
from tests.simulation.loop import VirtualLoop
from tests.simulation.record import Destroyed, Live, Merging, Record, Request, Starting
from tests.simulation.wire import UNBLOCKED
from tests.stories.twins import Clock, Outside, Provider, SteadyMetrics
from tools.memory_forge import MemoryForge
from tools.provider import Checkout, Say
from tools.workspace import existing

BEGINNING = 1_800_000_000.0
CANARY = "canary-5f1e9c27d4b8a603"
"""A secret that the outside tells in everything that goes wrong there; nobody may ever write it down."""

UNBUILDABLE, UNSTARTABLE, UNWELL = "unbuildable.py", "unstartable.py", "unwell.py"
"""Files that make a version bad, and how."""


class Wall(Clock):
    """The machine's clock: the loop's time, and as many seconds off as somebody turned it."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__(BEGINNING)
        self.loop, self.off = loop, 0.0

    def __call__(self) -> float:
        return self.now + self.loop.time() + self.off


class SeededIds(Ulids):
    """Ids that come from the clock and a counter."""

    def __init__(self, clock: Now) -> None:
        super().__init__(clock)
        self._now, self._count = clock, count(1)

    def next(self, newest: str | None = None) -> str:
        now = (int(self._now() * 1000) << 80) + next(self._count)
        return str(ULID.from_int(max(now, int(ULID.from_str(newest)) + 1 if newest else 0)))


def short_ids(chance: Random) -> Callable[[str], str]:
    """Ids for people, from the seed."""
    return lambda letter: letter + "".join(chance.choice(ALPHABET) for _ in range(5))


class ProneProvider(Provider):
    """A provider where what a version's files say comes true."""

    def __init__(self, forge: MemoryForge) -> None:
        super().__init__()
        self._forge = forge

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        if UNBUILDABLE in self._forge._trees[version.tree]:
            raise BuildFailed(f"it does not build: token {CANARY} is refused")
        return await super().build(component, version, checkout, say)

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        if isinstance(move, Start) and UNSTARTABLE in self._forge._trees[move.version.tree]:
            raise StartFailed(f"it ends at once: token={CANARY}")
        await super().apply(component, move, say)


@dataclass
class Numbers(SteadyMetrics):
    """Counters that grow with the loop's time, whatever the machine's clock says."""

    forge: MemoryForge = field(default_factory=MemoryForge)
    loop: VirtualLoop = field(default_factory=lambda: VirtualLoop(Random(0)))

    async def read(self, component: Component, running: Running) -> dict[str, Counters | SampleState]:
        if self.state is not SampleState.OK:
            return {slot.name: self.state for slot in running.slots}
        requests = int((1000 + self.loop.time()) * self.rate)
        return {
            slot.name: Counters(
                requests=requests, errors=requests // 4 if self._is_unwell(slot.version) else 0
            )
            for slot in running.slots
            if slot.version
        }

    def _is_unwell(self, version: Version | None) -> bool:
        return version is not None and UNWELL in self.forge._trees[version.tree]


@dataclass
class Onlooker:
    """Writes down what is true outside in the moments that matter, with a store of its own."""

    around: Outside
    store: Store
    record: Record
    workspaces: Path
    _told: set[str] = field(default_factory=set[str])
    _read: int = 0
    _begun: set[str] = field(default_factory=set[str])
    _merging: Merging | None = None

    def fingerprint(self, system: str) -> object:
        """All that a system knows, to be compared."""
        kind, _, place = system.partition(" ")
        if kind == "tracker":
            tracker = self.around.tracker
            return dict(tracker._tasks), dict(tracker._comments), dict(tracker._markers)
        if kind == "forge":
            forge = self.around.forge
            return dict(forge.branches), len(forge._nodes), dict(self.around.records._records)
        provider = self.around.providers[place]
        return dict(provider.slots), dict(provider.weights), dict(provider.artifacts)

    def knows_intent(self, op: str) -> bool:
        """Whether the audit holds that it is about to be done."""
        for entry in self.store.audit.entries(after=self._read):
            self._read = entry.seq
            if entry.kind is AuditKind.INTENT:
                self._told.add(f"{entry.deployment}/{entry.facts['key']}")
            elif entry.kind is AuditKind.UNBLOCKED:
                self._told.add(f"{UNBLOCKED}{entry.facts['task']}")
        return op in self._told

    def meant(self, deployment: str, name: str, args: str) -> None:
        """An effect is about to happen that no wire sees: a workspace is destroyed."""
        if name != "destroy workspace":
            return
        workspace = Path(json.loads(args)["workspace"]).name
        notes = {one.workspace: one.deployment for one in existing(self.workspaces)}
        is_proven = self.store.verified.by(deployment) is not None
        owner = notes.get(workspace, "")
        self.record.destroyed.append(Destroyed(workspace, deployment, is_proven, owner))

    def arriving(self, sent: Request, args: tuple[object, ...]) -> Request:
        """Right before a request does what it is to do."""
        if not sent.is_write:
            return sent
        if sent.what == "merge" and isinstance(args[0], MergeOrder):
            self._merging = self._of_merging(sent, args[0])
        kind, _, place = sent.system.partition(" ")
        if kind != "provider":
            return sent
        move = args[1]
        if sent.what == "apply" and sent.deployment not in self._begun:
            self._begun.add(sent.deployment)
            self._look(sent.deployment, place, "before its first change")
        if isinstance(move, Start):
            self.record.starts.append(self._of_start(sent, move))
        row = self.store.deployments.deployment(sent.deployment)
        return replace(sent, holder=self.store.locks.holder(place, row.service) or "")

    def arrived(self, sent: Request, args: tuple[object, ...]) -> None:
        """Right after it."""
        if sent.what == "merge" and sent.has_changed and self._merging is not None:
            self.record.merges.append(self._merging)

    def seen(self, event: Event) -> None:
        """An event of which the outside is looked at."""
        if event.kind == "rollback_verified" and event.data.get("good") == "True":
            row = self.store.deployments.deployment(event.deployment)
            self._look(event.deployment, row.environment, "after its way back")

    def _look(self, deployment: str, environment: str, moment: str) -> None:
        provider = self.around.providers[environment]
        for component in sorted({part for part, _ in provider.slots}):
            version = provider.live(component).version
            tree = version.tree if version else ""
            self.record.live.append(Live(deployment, component, tree, moment))

    def _of_start(self, sent: Request, move: Start) -> Starting:
        forge, provider = self.around.forge, self.around.providers[sent.system.partition(" ")[2]]
        base = {forge._nodes[one].tree for one in forge._ancestors(forge.branches["main"])}
        artifact = provider.artifacts.get((move.component, move.version.tree))
        kind = self.store.deployments.deployment(sent.deployment).request.kind
        return Starting(
            deployment=sent.deployment,
            component=move.component,
            tree=move.version.tree,
            is_way_back=kind is Kind.ROLLBACK or "/undo/" in sent.op,
            on_base=move.version.tree in base,
            digest=artifact.digest if artifact else "",
        )

    def _of_merging(self, sent: Request, order: MergeOrder) -> Merging:
        row = self.store.deployments.deployment(sent.deployment)
        plan = self.store.plans.plan(row.plan_hash) if row.plan_hash else None
        asked = [
            one
            for one in self.store.questions.for_deployment(sent.deployment)
            if one.asks_approval
            and one.plan_hash == row.plan_hash
            and one.consumed_at is not None
            and one.decision is not None
            and one.decision.kind is DecisionKind.APPROVED
        ]
        record = self.around.records.record(order.change)
        tests = [one.state for one in record.checks if (one.name, one.sha) == ("tests", order.head)]
        reviews = [one.verdict for one in record.reviews if one.sha == order.head and one.by != record.author]
        return Merging(
            at=sent.at,
            deployment=sent.deployment,
            change=order.change,
            head=plan.head or "" if plan and plan.merge == order else "the plan says another merge",
            head_then=self.around.forge.branches[self.around.records.record(order.change).branch],
            plan=row.plan_hash or "",
            question=asked[-1].id if asked else "",
            approved_by=asked[-1].approved_by if asked else (),
            needed=plan.approval.persons if plan and plan.approval else 0,
            gates={
                "tests": "pass" if tests == [CheckState.PASSED] else f"{tests}",
                "reviews": "pass" if ReviewVerdict.APPROVED in reviews else f"{reviews}",
            },
        )
