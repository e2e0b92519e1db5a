"""Steps of the way back: one undo at a time, then proof that the old version serves."""

from __future__ import annotations

from dataclasses import dataclass

from langgraph.runtime import Runtime
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential

from graphs.state import Drive, State, Undoing
from graphs.steps.crew import MOST_SAID, Crew
from orchestrate.errors import (
    AccessDenied,
    CheckNotMade,
    EffectRefused,
    NotFound,
    OrchestrateError,
    OutcomeUnknown,
    OutsideFailed,
    Unreachable,
    with_cure,
)
from orchestrate.models.deployment import Failure, Stage
from orchestrate.models.environment import Strategy
from orchestrate.models.move import Irreversible, Start, words
from orchestrate.models.plan import Plan, PlannedMove, Shipped
from orchestrate.models.task import FailureKind
from orchestrate.outside import clipped
from orchestrate.way_back import grows, taken_back
from tools.executor import EffectClass, Errand
from tools.moves import Done, PlacedMove, moving

TRIES = 3
"""How often an undo that fails is tried; it is idempotent, and nothing better can be done."""


@dataclass(frozen=True)
class Retreat:
    """Takes back what was done, computed from the approved plan."""

    crew: Crew

    async def roll_back(self, state: State, runtime: Runtime[Drive]) -> State:
        """Take back one move; one that fails does not keep the others from being taken back."""
        at, undone = self.crew.errand(state, Stage.ROLL_BACK, runtime), state.get("undone", 0)
        plan, is_careful = self.crew.plan(state), state.get("careful", False)
        way = taken_back(plan.moves[: state["undo"] + 1], plan.ships, careful=is_careful)
        index = way[undone]
        step = plan.moves[index]
        left = State(undone=undone + 1, undoing=Undoing.MORE if undone + 1 < len(way) else Undoing.ALL)
        if isinstance(step.undo, Irreversible):
            self.crew.event(at, "kept", f"{words(step.move)}: {step.undo.reason}", index=str(index))
            return left
        placed = PlacedMove(index=index, move=step.undo)
        self.crew.event(at, "undo", words(step.undo), index=str(index))
        try:
            done = await self._undo(state, at, placed)
        except (OutsideFailed, NotFound, OutcomeUnknown, EffectRefused) as problem:
            if self._waits(state, at, problem):
                raise
            self.crew.event(at, "undo_failed", str(problem), index=str(index))
            if not is_careful and _may_lack_room(plan, step):
                return State(undone=0, careful=True, undoing=Undoing.MORE)
            failure = Failure(
                stage=at.stage,
                kind=FailureKind.ROLLBACK_FAILURE,
                error=clipped(with_cure(problem), MOST_SAID),
                component=step.move.component,
                move=words(step.undo),
            )
            return left | State(rollback_failure=failure)
        self.crew.event(at, "undone", done.said, index=str(index))
        return left

    def _waits(self, state: State, at: Errand, problem: OrchestrateError) -> bool:
        """Whether a silent outside is asked again later; after one was given up, none is."""
        is_silent = isinstance(problem, Unreachable | OutcomeUnknown | CheckNotMade)
        return is_silent and "rollback_failure" not in state and self.crew.may_still_come(at)

    async def _undo(self, state: State, at: Errand, placed: PlacedMove) -> Done:
        tool = moving(self.crew.mover(state, at), EffectClass.UNDO)
        retrying = AsyncRetrying(
            retry=retry_if_exception(_may_work_at_once),
            stop=stop_after_attempt(TRIES),
            wait=wait_exponential(multiplier=0.2, max=2),
            reraise=True,
        )
        return await retrying(self.crew.executor.do, tool, placed, at)

    async def verify_rollback(self, state: State, runtime: Runtime[Drive]) -> State:
        """See that what served before serves again, with all the traffic."""
        at, plan = self.crew.errand(state, Stage.VERIFY_ROLLBACK, runtime), self.crew.plan(state)
        started = {one.move.component for one in plan.moves if isinstance(one.move, Start)}
        bad = [
            said
            for shipped in plan.ships
            if shipped.component in started
            for said in await self._trouble(state, at, shipped)
        ]
        self.crew.event(at, "rollback_verified", "; ".join(bad) or _serving(plan.ships), good=str(not bad))
        if not bad:
            return State()
        failure = Failure(
            stage=at.stage, kind=FailureKind.ROLLBACK_FAILURE, error=clipped("; ".join(bad), MOST_SAID)
        )
        return State(rollback_failure=state.get("rollback_failure", failure))

    async def _trouble(self, state: State, at: Errand, shipped: Shipped) -> list[str]:
        place = self.crew.place(state)
        component, version = place.component(shipped.component), shipped.from_version
        if version is None:
            return []
        try:
            live = (await place.provider.running(component)).live
            if live is None:
                return [f"{component.name}: nothing runs"]
            report = await self.crew.inspection.slot(place, component, live.name, version)
        except OutsideFailed as blind:
            if self._waits(state, at, blind):
                raise
            return [f"{component.name}: {blind}"]
        return [] if report.is_good else [f"{component.name}: {report.words}"]


def _may_lack_room(plan: Plan, step: PlannedMove) -> bool:
    """Whether it was the start of old instances beside the new ones that did not work."""
    shipped = next(one for one in plan.ships if one.component == step.move.component)
    return shipped.strategy is Strategy.ROLLING and grows(step)


def _may_work_at_once(problem: BaseException) -> bool:
    """Who is silent is asked again later, and who does not let us in not at all."""
    return isinstance(problem, OutsideFailed) and not isinstance(problem, Unreachable | AccessDenied)


def _serving(ships: tuple[Shipped, ...]) -> str:
    names = [f"{one.component} {one.from_version.name if one.from_version else 'nothing'}" for one in ships]
    return f"serving again: {', '.join(names)}"
