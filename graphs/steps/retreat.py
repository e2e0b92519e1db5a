"""Steps of the way back: one undo at a time, the newest first, then proof that the old version serves."""

from __future__ import annotations

from dataclasses import dataclass

from langgraph.runtime import Runtime
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from graphs.state import Drive, State, Undoing
from graphs.steps.crew import MOST_SAID, Crew
from orchestrate.errors import EffectRefused, NotFound, OutcomeUnknown, OutsideFailed
from orchestrate.models.deployment import Failure, Stage
from orchestrate.models.move import Irreversible, Start, words
from orchestrate.models.plan import Shipped
from orchestrate.models.task import FailureKind
from orchestrate.outside import clipped
from tools.executor import EffectClass, Errand
from tools.moves import Done, Mover, PlacedMove, moving
from tools.place import Place

TRIES = 3
"""How often an undo that fails is tried; it is idempotent, and nothing better can be done."""


@dataclass(frozen=True)
class Retreat:
    """Takes back what was done, computed from the approved plan."""

    crew: Crew

    async def roll_back(self, state: State, runtime: Runtime[Drive]) -> State:
        """Take back one move; one that fails does not keep the others from being taken back."""
        at, index = self.crew.errand(state, Stage.ROLL_BACK, runtime), state["undo"]
        step = self.crew.plan(state).moves[index]
        left = State(undo=index - 1, undoing=Undoing.MORE if index > 0 else Undoing.ALL)
        if isinstance(step.undo, Irreversible):
            self.crew.event(at, "kept", f"{words(step.move)}: {step.undo.reason}", index=str(index))
            return left
        placed = PlacedMove(index=index, move=step.undo)
        self.crew.event(at, "undo", words(step.undo), index=str(index))
        try:
            done = await self._undo(state, at, placed)
        except (OutsideFailed, NotFound, OutcomeUnknown, EffectRefused) as problem:
            self.crew.event(at, "undo_failed", str(problem), index=str(index))
            failure = Failure(
                stage=at.stage,
                kind=FailureKind.ROLLBACK_FAILURE,
                error=clipped(str(problem), MOST_SAID),
                component=step.move.component,
                move=words(step.undo),
            )
            return left | State(rollback_failure=failure)
        self.crew.event(at, "undone", done.said, index=str(index))
        return left

    async def _undo(self, state: State, at: Errand, placed: PlacedMove) -> Done:
        mover = Mover(
            place=self.crew.place(state),
            source=self.crew.source,
            say=self.crew.line(at),
            deployment=at.deployment,
        )
        tool = moving(mover, EffectClass.UNDO)
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(OutsideFailed),
            stop=stop_after_attempt(TRIES),
            wait=wait_exponential(multiplier=0.2, max=2),
            reraise=True,
        )
        return await retrying(self.crew.executor.do, tool, placed, at)

    async def verify_rollback(self, state: State, runtime: Runtime[Drive]) -> State:
        """See that what served before serves again, with all the traffic."""
        at, plan, place = (
            self.crew.errand(state, Stage.VERIFY_ROLLBACK, runtime),
            self.crew.plan(state),
            (self.crew.place(state)),
        )
        started = {one.move.component for one in plan.moves if isinstance(one.move, Start)}
        bad = [
            said
            for shipped in plan.ships
            if shipped.component in started
            for said in await self._trouble(place, shipped)
        ]
        self.crew.event(at, "rollback_verified", "; ".join(bad) or _serving(plan.ships), good=str(not bad))
        if not bad:
            return State()
        failure = Failure(
            stage=at.stage, kind=FailureKind.ROLLBACK_FAILURE, error=clipped("; ".join(bad), MOST_SAID)
        )
        return State(rollback_failure=state.get("rollback_failure", failure))

    async def _trouble(self, place: Place, shipped: Shipped) -> list[str]:
        component, version = place.component(shipped.component), shipped.from_version
        if version is None:
            return []
        try:
            live = (await place.provider.running(component)).live
        except OutsideFailed as blind:
            return [f"{component.name}: {blind}"]
        if live is None:
            return [f"{component.name}: nothing runs"]
        report = await self.crew.inspection.slot(place, component, live.name, version)
        return [] if report.is_good else [f"{component.name}: {report.words}"]


def _serving(ships: tuple[Shipped, ...]) -> str:
    names = [f"{one.component} {one.from_version.name if one.from_version else 'nothing'}" for one in ships]
    return f"serving again: {', '.join(names)}"
