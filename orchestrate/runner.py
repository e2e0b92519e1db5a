"""The runner: the one place that starts, resumes and recovers graphs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import GraphDrained
from langgraph.graph import START
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import RunControl
from langgraph.types import Command

from graphs.inbox import wait_in
from graphs.patience import ENDS, NOT_DONE, fruitless, most_tries, rest
from graphs.state import GRAPH_VERSION, Drive, State, stage_names, start
from graphs.waits import Waits, waiting_stage
from orchestrate.errors import (
    AccessDenied,
    AuditUnusable,
    CheckNotMade,
    EffectsStopped,
    LeaseLost,
    OrchestrateError,
    OutcomeUnknown,
    OutsideFailed,
    StoreUnusable,
    TrackerSilent,
    Unreachable,
    with_cure,
)
from orchestrate.models.deployment import (
    Deployment,
    Event,
    ForEffects,
    ForTime,
    Lease,
    Outcome,
    Request,
    Status,
)
from orchestrate.positions.left import Left, Position
from orchestrate.records import Records
from orchestrate.store import Store

Graph = CompiledStateGraph[State, Drive, State, State]

STEPS = 400
"""Supersteps in one drive: far more than any plan has, so that a loop is stopped."""
STOPPED = "stopped"
MOST_EVENTS = 100_000

CRASHES = 3
"""A deployment that ends its worker this often is parked."""


class Parking(Protocol):
    """Tells people about a deployment that cannot go on."""

    async def tell(self, lease: Lease, row: Deployment, why: str) -> None:
        """Say once why, where it is seen."""
        ...


@dataclass(frozen=True)
class Step:
    """What the graph is invoked with: a first state, an answer, or nothing, to go on where it was."""

    input: State | Command[str] | None


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Drives deployments through the graph, one lease each; whoever has no lease does nothing."""

    store: Store
    graph: Graph
    saver: BaseCheckpointSaver[str]
    parking: Parking
    records: Records
    worker: str
    lease_seconds: float = 60.0
    control: RunControl = field(default_factory=RunControl)
    left: Left = field(init=False, default_factory=Left)

    def drain(self) -> None:
        """Let the steps in flight finish, and leave the rest to the next worker."""
        self.control.request_drain("the worker ends")

    async def drive(self, deployment: str) -> Deployment:
        """Bring a deployment as far as it comes now: to its end, or to the next wait.

        A deployment that another worker drives is left alone.
        """
        lease = self.store.leases.take(deployment, self.worker, self.lease_seconds)
        if lease is not None:
            async with self._kept(lease):
                try:
                    await self._drive(lease)
                except EffectsStopped as stopped:
                    self._hold(lease, stopped)
        return self.store.deployments.deployment(deployment)

    async def _drive(self, lease: Lease) -> None:
        row = self.store.deployments.deployment(lease.deployment)
        try:
            if unfit := self._unfit(row):
                await self._park(lease, unfit)
            else:
                await self._run(lease, row)
        except LeaseLost:
            return
        except GraphDrained:
            self._hand_on(lease)
        except (OutsideFailed, OutcomeUnknown, CheckNotMade, ConnectionError, TimeoutError) as problem:
            named = problem if isinstance(problem, OrchestrateError) else Unreachable(repr(problem))
            if not self._again(lease, named):
                await self._park(lease, f"a person must look: {with_cure(named)}")
        except (StoreUnusable, EffectsStopped):
            raise
        except OrchestrateError as problem:
            await self._park(lease, f"it cannot go on: {with_cure(problem)}")

    def _unfit(self, row: Deployment) -> str:
        """Why it cannot be driven on, or ''."""
        if row.graph_version != GRAPH_VERSION:
            return f"it was begun by graph version {row.graph_version}, and this is version {GRAPH_VERSION}"
        if row.status is Status.RUNNING and self.store.deployments.crashed(row.id) >= CRASHES:
            return f"it ended its worker {CRASHES} times"
        return ""

    async def _run(self, lease: Lease, row: Deployment) -> None:
        """Step after step, until there is none: it ended, or it waits."""
        position = self.left.by(lease) or await self._position(row.id)
        while (step := await self._next(lease, row, position)) is not None:
            position = await self._advanced(lease, step)
        self.left.at(lease, position)

    async def _advanced(self, lease: Lease, step: Step) -> Position:
        """The graph's next wait, or its end."""
        config = _thread(lease.deployment)
        config["recursion_limit"] = STEPS
        came = await self.graph.ainvoke(
            step.input,
            config,
            context=Drive(lease),
            durability="sync",
            version="v2",
            control=self.control,
        )
        return Position(values=came.value, interrupts=came.interrupts)

    async def _next(self, lease: Lease, row: Deployment, position: Position) -> Step | None:
        if not position.values:
            return Step(start(row.id, row.request))
        unknown = set(position.next) - {START, *stage_names()}
        if unknown:
            await self._park(lease, f"it waits at {', '.join(unknown)}, which this version has not")
            return None
        if position.interrupts:
            return self._answered(lease, position)
        if position.next:
            return Step(None)
        if "outcome" not in position.values:
            await self._park(lease, "its position leads nowhere")
            return None
        await self._finish(lease, position)
        return None

    def _answered(self, lease: Lease, position: Position) -> Step | None:
        """Resume with the answer to exactly this question; without one, the wait is written down.

        After that it is looked at once more: a decision that came meanwhile must not be slept over.
        """
        question, waits = position.interrupts[0], Waits(self.store)
        wait = wait_in(question.value)
        answer = waits.answer(wait, lease.deployment)
        if answer is None:
            with self.store.together():
                stage = waiting_stage(wait, position.values)
                self.store.deployments.waits(lease, wait, waits.wake_at(wait), stage)
                answer = waits.answer(wait, lease.deployment)
                if answer is None:
                    self.store.leases.release(lease)
        return Step(Command(resume={question.id: answer})) if answer is not None else None

    def _hand_on(self, lease: Lease) -> None:
        """Due at once, for whoever comes next."""
        now = self.store.clock()
        with contextlib.suppress(LeaseLost):
            self.store.deployments.waits(lease, ForTime(until=now), now)

    def _hold(self, lease: Lease, stopped: EffectsStopped) -> None:
        """Where it is, until effects may begin again; an audit that cannot be kept is looked at again."""
        is_switched = not isinstance(stopped, AuditUnusable)
        wait = ForEffects(why=str(stopped), is_switched=is_switched)
        row = self.store.deployments.deployment(lease.deployment)
        tried = len(fruitless(self._story(row), row.stage, STOPPED))
        wake_at = None if is_switched else self.store.clock() + rest(tried, row.stage)
        with contextlib.suppress(LeaseLost):
            self.store.events.add(row.id, row.stage, STOPPED, str(stopped))
            self.store.deployments.waits(lease, wait, wake_at)

    def _again(self, lease: Lease, problem: OrchestrateError) -> bool:
        """Try the same step later; False when that was done often enough, or does not help."""
        row, now = self.store.deployments.deployment(lease.deployment), self.store.clock()
        if isinstance(problem, AccessDenied) and row.stage not in ENDS:
            return False
        tried = len(fruitless(self._story(row), row.stage))
        seconds = rest(tried, row.stage, problem)
        with contextlib.suppress(LeaseLost):
            self.store.deployments.waits(lease, ForTime(until=now + seconds), now + seconds)
            self.store.events.add(row.id, row.stage, NOT_DONE, f"{problem}; tried again in {seconds:.0f} s")
        if row.stage in ENDS or isinstance(problem, TrackerSilent):
            self.store.locks.release(row.id)
        return tried < most_tries(row.stage, problem)

    def _story(self, row: Deployment) -> Sequence[Event]:
        return self.store.events.of(row.id, limit=MOST_EVENTS)

    async def _finish(self, lease: Lease, position: Position) -> None:
        state = position.values
        outcome = state["outcome"]
        following = _following(lease.deployment, state) if outcome is Outcome.DEPLOYED else None
        self._record(lease, outcome, state.get("reason", ""))
        with self.store.together():
            self.store.deployments.finish(lease, outcome, state.get("reason", ""), following)
            self.store.prune(lease.deployment)
        await self.saver.adelete_thread(lease.deployment)

    def _record(self, lease: Lease, outcome: Outcome, reason: str) -> None:
        """Write the report; a folder that cannot be written is told, and does not keep it from ending."""
        row = self.store.deployments.deployment(lease.deployment)
        try:
            self.records.write(row, outcome, reason)
        except (OSError, OrchestrateError) as problem:
            self.store.events.add(row.id, row.stage, "no_report", str(problem))

    async def _park(self, lease: Lease, why: str) -> None:
        with contextlib.suppress(LeaseLost):
            row = self.store.deployments.deployment(lease.deployment)
            self.store.events.add(row.id, row.stage, "parked", why)
            await self.parking.tell(lease, row, why)
            self._record(lease, Outcome.PARKED, why)
            self.store.deployments.finish(lease, Outcome.PARKED, why)

    async def _position(self, deployment: str) -> Position:
        """Where it was left, as the saver knows it."""
        found = await self.graph.aget_state(_thread(deployment))
        # not found.next: it leaves out steps that are done and whose position was not written any more
        to_come = tuple(task.name for task in found.tasks)
        return Position(values=State(**found.values), next=to_come, interrupts=found.interrupts)

    @contextlib.asynccontextmanager
    async def _kept(self, lease: Lease) -> AsyncGenerator[None, None]:
        """Renew the lease while driving, and give it back."""
        renewing = asyncio.create_task(self._renew(lease))
        try:
            yield
        finally:
            renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError, LeaseLost):
                await renewing
            if self.store.leases.is_current(lease):
                self.store.leases.release(lease)

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(self.lease_seconds / 3)
            with contextlib.suppress(StoreUnusable):  # the next third may be better
                self.store.leases.renew(lease, self.lease_seconds)


def _thread(deployment: str) -> RunnableConfig:
    return {"configurable": {"thread_id": deployment}}


def _following(deployment: str, state: State) -> Request | None:
    """The same task's deployment to the next environment of its way."""
    request = state["request"]
    if not request.flow:
        return None
    version = state["version"].commit if request.version is not None else None
    changes = {
        "environment": request.flow[0],
        "version": version,
        "flow": request.flow[1:],
        "parent": deployment,
        "overrides": (),
    }
    return request.model_copy(update=changes)
