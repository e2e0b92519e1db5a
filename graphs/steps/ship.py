"""Steps that change the world: merge, build, moves, and verification."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from langgraph.runtime import Runtime

from graphs.patience import AT_THE_GATES
from graphs.state import Course, Drive, Merging, State
from graphs.steps.crew import MOST_SAID, Crew
from graphs.steps.helm import Helm
from graphs.steps.new_lines import new_lines
from graphs.steps.queued import called_off, leave_queue, taken_out
from graphs.steps.shown import show
from orchestrate.errors import (
    AccessDenied,
    CheckNotMade,
    EffectRefused,
    HeadMoved,
    ImageAwaited,
    MergeConflict,
    MergeRefused,
    NotFound,
    OrchestrateError,
    OutcomeUnknown,
    OutsideFailed,
    Unreachable,
    with_cure,
)
from orchestrate.models.change import Merged
from orchestrate.models.deployment import Outcome, Stage, Told
from orchestrate.models.move import Verify, words
from orchestrate.models.plan import Plan
from orchestrate.models.runtime import Artifact
from orchestrate.models.task import FailureKind
from orchestrate.outside import clipped
from tools.building import BuildOrder, building, ordered
from tools.executor import EffectClass, Errand, is_change_of
from tools.merging import merging
from tools.moves import Done, MoveTimedOut, PlacedMove, moving
from tools.showing import Standing


@dataclass(frozen=True)
class Ship:
    """From the merge to the last look at the new version."""

    crew: Crew
    helm: Helm

    async def merge(self, state: State, runtime: Runtime[Drive]) -> State:
        """Merge exactly what was approved; what moved goes back to the gates, unmerged.

        So does what cannot be checked: there it is waited for, and holds the environment no longer.
        """
        at, plan = self.crew.errand(state, Stage.MERGE, runtime), self.crew.plan(state)
        if plan.merge is None:
            return State(merging=Merging.MERGED)
        if why := await called_off(self.crew, at, plan):
            await self._left(at, plan)
            return State(merging=Merging.REFUSED, outcome=Outcome.HELD, reason=_short(why))
        if why := await taken_out(self.crew, at, plan):
            return State(merging=Merging.REFUSED, outcome=Outcome.MERGE_REFUSED, reason=_short(why))
        try:
            merged = await self.crew.executor.do(merging(self.crew.forge), plan.merge, at, _merged)
        except (HeadMoved, EffectRefused) as moved:
            if isinstance(moved, CheckNotMade) and self.crew.may_still_come(at, AT_THE_GATES):
                raise
            await self._left(at, plan)
            self.crew.event(at, "moved", f"{moved}; back to the gates")
            return State(merging=Merging.MOVED)
        except MergeConflict as conflict:
            return State(merging=Merging.REFUSED, outcome=Outcome.CONFLICT, reason=_short(conflict))
        except MergeRefused as refused:
            return State(merging=Merging.REFUSED, outcome=Outcome.MERGE_REFUSED, reason=_short(refused))
        return State(merging=Merging.MERGED, merged=merged)

    async def _left(self, at: Errand, plan: Plan) -> None:
        """Let no queue merge it any more, and give the environment back."""
        problem = await leave_queue(self.crew, at, plan)
        if isinstance(problem, Unreachable | OutcomeUnknown) and self.crew.may_still_come(at):
            raise problem
        self.crew.store.locks.release(at.deployment)

    async def build(self, state: State, runtime: Runtime[Drive]) -> State:
        """Build every component of the approved tree.

        What has no merge is checked here first: where that cannot be, it goes back as from the merge.
        """
        at, plan = self.crew.errand(state, Stage.BUILD, runtime), self.crew.plan(state)
        tool = building(self.crew.place(state), self.crew.source, self.crew.line(at))
        merged = state.get("merged")
        try:
            if merged is not None and self.crew.workflows is not None:
                await self.crew.workflows.ended(merged.commit, self.crew.line(at))
            for shipped in plan.ships:
                order = ordered(plan, shipped)
                await self.crew.executor.do(tool, order, at, partial(_built, order))
        except CheckNotMade as unchecked:
            if self._has_begun(at, plan) or self.crew.may_still_come(at, AT_THE_GATES):
                raise
            self.crew.store.locks.release(at.deployment)
            self.crew.event(at, "moved", f"{unchecked}; back to the gates")
            return State(course=Course.MOVED)
        except (Unreachable, AccessDenied):
            raise
        except (OutsideFailed, EffectRefused) as problem:
            if isinstance(problem, ImageAwaited) and self._is_made_yet(state, at):
                raise Unreachable(str(problem), cure=problem.cure) from problem
            return await self.helm.failed(state, at, problem, FailureKind.DEPLOYMENT_FAILED)
        await show(self.crew, at, state, Standing.RUNNING)
        before = await self.crew.inspection.before(self.crew.place(state))
        return self.helm.onward(state, at, 0) | State(before=before)

    def _is_made_yet(self, state: State, at: Errand) -> bool:
        """Whether continuous integration may still be at work on an image that the registry does not have."""
        seconds = self.crew.place(state).environment.image_timeout
        return seconds > 0 and self.crew.may_still_come(at, seconds)

    def _has_begun(self, at: Errand, plan: Plan) -> bool:
        known = self.crew.store.effects.of(at.deployment)
        return plan.merge is not None or any(is_change_of(one, at) for one in known)

    async def deploy(self, state: State, runtime: Runtime[Drive]) -> State:
        """Make the next move."""
        plan, index = self.crew.plan(state), state["cursor"]
        move = plan.moves[index].move
        facts = {"index": str(index), "of": str(len(plan.moves))}
        begins = Told(kind="move", text=words(move), data=facts)
        at = self.crew.errand(state, Stage.DEPLOY, runtime, begins)
        if (back := await self.helm.called_back(state, at)) is not None:
            return back
        try:
            await self._make(state, at, PlacedMove(index=index, move=move))
        except (Unreachable, OutcomeUnknown, CheckNotMade) as silent:
            if self.crew.may_still_come(at):
                raise
            return await self._given_up(state, at, silent)
        except EffectRefused as refused:
            return await self.helm.halted(state, at, str(refused), FailureKind.PRE_DEPLOYMENT_CHECKS_FAILED)
        except AccessDenied as denied:
            return await self.helm.halted(state, at, with_cure(denied), FailureKind.UNKNOWN)
        except MoveTimedOut as late:
            return await self.helm.failed(state, at, late, FailureKind.DEPLOYMENT_FAILED, timed_out=True)
        except (OutsideFailed, NotFound) as problem:
            return await self.helm.failed(state, at, problem, FailureKind.DEPLOYMENT_FAILED)
        return self.helm.onward(state, at, index + 1)

    async def _make(self, state: State, at: Errand, placed: PlacedMove) -> None:
        tool = moving(self.crew.mover(state, at), EffectClass.CHANGE)
        await self.crew.executor.do(tool, placed, at, partial(_moved_on, placed))

    async def _given_up(self, state: State, at: Errand, silent: OrchestrateError) -> State:
        """The outside was silent for too long: what is not known, a person looks at; the rest goes back."""
        match silent:
            case Unreachable():
                return await self.helm.failed(state, at, silent, FailureKind.DEPLOYMENT_FAILED)
            case CheckNotMade():
                return await self.helm.halted(
                    state, at, str(silent), FailureKind.PRE_DEPLOYMENT_CHECKS_FAILED
                )
            case _:
                return await self.helm.halted(state, at, str(silent), FailureKind.UNKNOWN)

    async def verify(self, state: State, runtime: Runtime[Drive]) -> State:
        """Look at the new version as people and operators would."""
        at, plan, index = (
            self.crew.errand(state, Stage.VERIFY, runtime),
            self.crew.plan(state),
            state["cursor"],
        )
        move = plan.moves[index].move
        if not isinstance(move, Verify):
            return self.helm.onward(state, at, index)
        place = self.crew.place(state)
        component = place.component(move.component)
        before = state.get("before", {})
        try:
            report = await self.crew.inspection.slot(place, component, move.slot, move.version, before)
        except Unreachable as silent:
            if self.crew.may_still_come(at):
                raise
            return await self.helm.failed(state, at, silent, FailureKind.HEALTH_CHECKS_FAILED)
        where = f"{move.component}/{move.slot}"
        said = Told(kind="verified", text=f"{where}: {report.words}", data={"good": str(report.is_good)})
        is_new = move.version == plan.version  # else it is the rehearsal of the way back
        new = (await new_lines(place, component, move.slot),) if is_new else ()
        self.crew.store.events.tell(at.deployment, at.stage, (said, *new))
        if report.is_good:
            return self.helm.onward(state, at, index + 1)
        sick = {"instances", "version", "traffic", "verification"} & {point.name for point in report.bad}
        kind = FailureKind.HEALTH_CHECKS_FAILED if sick else FailureKind.SMOKE_TESTS_FAILED
        return await self.helm.failed(state, at, OutsideFailed(report.words), kind)


def _merged(merged: Merged) -> Told:
    return Told(kind="merged", text=f"merged as {merged.commit[:10]}", data={"commit": merged.commit})


def _built(order: BuildOrder, artifact: Artifact) -> Told:
    return Told(kind="built", text=f"{order.component}: {artifact.digest[:12]}")


def _moved_on(placed: PlacedMove, done: Done) -> Told:
    return Told(kind="moved_on", text=done.said, data={"index": str(placed.index)})


def _short(problem: object) -> str:
    return clipped(str(problem), MOST_SAID)
