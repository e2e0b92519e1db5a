"""Steps at the end: finish well, or explain, file fix tasks, and close."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from langgraph.runtime import Runtime

from graphs.state import Course, Drive, State
from graphs.steps.advice import touched
from graphs.steps.afterwards import e2e_tests
from graphs.steps.announcing import worded
from graphs.steps.chores import (
    ENDING,
    FIXES,
    WORKSPACE,
    Ending,
    Fixes,
    Tidying,
    file_fixes,
    fixes_of,
    tell_ending,
    tidy,
)
from graphs.steps.crew import MOST_SAID, NEW, OLD, Crew
from graphs.steps.shown import show
from graphs.steps.working import give_back, learn
from orchestrate import reports
from orchestrate.errors import NotFound, OutcomeUnknown, OutsideFailed, Unreachable
from orchestrate.models.change import Version
from orchestrate.models.deployment import Kind, Outcome, Request, Stage
from orchestrate.models.plan import Plan
from orchestrate.models.postmortem import TAKEN_BACK
from orchestrate.models.task import FailureKind
from orchestrate.outside import inline
from tools.executor import Errand
from tools.reverting import RevertOrder, reverting
from tools.showing import Standing

_ANSWERED = {
    "held": (Outcome.HELD, "a person said Hold"),
    "roll_back": (Outcome.HELD, "a person said no"),
    "expired": (Outcome.EXPIRED, "nobody approved it in time"),
    "superseded": (Outcome.SUPERSEDED, "a newer candidate of the same service contains it"),
}


@dataclass(frozen=True)
class Leave:
    """From the last verdict to the closed task."""

    crew: Crew

    async def finish(self, state: State, runtime: Runtime[Drive]) -> State:
        """Record what is now proven here, report, and close or pass on the task."""
        at, plan, request = (
            self.crew.errand(state, Stage.FINISH, runtime),
            self.crew.plan(state),
            state["request"],
        )
        self.crew.store.verified.record(plan.environment, plan.service, _proven(state, plan), at.deployment)
        if request.kind is Kind.ROLLBACK:
            await self._lock_out(at, plan, request)
        deployment = self.crew.store.deployments.deployment(at.deployment)
        events = self.crew.store.events.of(at.deployment)
        title, text = reports.success(deployment, plan, events, self.crew.store.clock())
        voice, task = self.crew.voice, request.task
        await voice.say(at, task, "result", text)
        environment = self.crew.place(state).environment
        announcement = await worded(self.crew, at, environment, title, text)
        await voice.announce(at, "result", title, announcement)
        await e2e_tests(self.crew, at, environment, plan)
        await learn(self.crew, at, plan, was_good=True, text=title)
        await give_back(self.crew, at)
        await show(self.crew, at, state, Standing.DONE, title)
        if not request.flow:
            reason = f"Deployed {plan.version.name} to {plan.environment}"
            await voice.close(at, task, self.crew.statuses.deployed, reason)
            due = Tidying(task=task)
            await voice.chore(at, WORKSPACE, due, partial(tidy, self.crew, at, due))
        return State(outcome=Outcome.DEPLOYED, reason=title)

    async def _lock_out(self, at: Errand, plan: Plan, request: Request) -> None:
        """What somebody went back from is refused until a fix, like what went back by itself (R7)."""
        left = next((one.from_version for one in plan.ships if one.from_version), None)
        bad = await self._came_with(request) or (left.commit if left else None)
        if bad is None or await self._holds(plan.version, bad):
            return
        reason = f"{request.requested_by} went back from it to {plan.version.name}"
        self.crew.store.quarantine.add(plan.environment, plan.service, bad, None, reason, at.deployment)
        self.crew.event(at, "quarantined", f"{plan.environment} is locked against {bad[:10]}", commit=bad)

    async def _came_with(self, request: Request) -> str | None:
        """The merge commit of the deployment that is taken back, where it merged a change."""
        try:
            taken_back = self.crew.store.deployments.deployment(request.rolls_back or "")
            return (await self.crew.forge.change(taken_back.request.change or "")).merge_commit
        except NotFound:
            return None

    async def _holds(self, version: Version, commit: str) -> bool:
        try:
            return await self.crew.source.contains(version.commit, commit)
        except NotFound:
            return False

    async def triage(self, state: State, runtime: Runtime[Drive]) -> State:
        """Lock the environment against what did badly, and prepare its revert where configured."""
        at, plan = self.crew.errand(state, Stage.TRIAGE, runtime), self.crew.plan(state)
        failure, merged = state["failure"], state.get("merged")
        if _did_badly(state):
            bad = merged.commit if merged else plan.version.commit
            self.crew.store.quarantine.add(
                plan.environment, plan.service, bad, plan.change, failure.error, at.deployment
            )
            self.crew.event(at, "quarantined", f"{plan.environment} is locked against {bad[:10]}", commit=bad)
            await self._prepare_revert(state, at, plan, bad)
        return State(outcome=_outcome(state), reason=failure.error)

    async def _prepare_revert(self, state: State, at: Errand, plan: Plan, commit: str) -> None:
        if not self.crew.place(state).environment.prepare_revert or plan.change is None:
            return
        try:
            order = RevertOrder(commit=commit, reason=inline(state["failure"].error, MOST_SAID))
            change = await self.crew.executor.do(reverting(self.crew.reverts), order, at)
            self.crew.event(at, "revert", f"change {change.id} takes {commit[:10]} back", change=change.id)
        except (OutsideFailed, NotFound, OutcomeUnknown) as problem:
            if isinstance(problem, Unreachable | OutcomeUnknown) and self.crew.may_still_come(at):
                raise
            self.crew.event(at, "revert", f"no revert could be prepared: {problem}")

    async def fix_tasks(self, state: State, runtime: Runtime[Drive]) -> State:
        """One task per distinct cause; one more, urgent, when the way back failed."""
        at, request, plan = (
            self.crew.errand(state, Stage.FIX_TASKS, runtime),
            state["request"],
            self.crew.plan(state),
        )
        kept = self.crew.store.logs.read(at.deployment)
        new, old = ([one.text for one in kept if one.source.startswith(which)] for which in (NEW, OLD))
        failure = self.crew.excerpt(state["failure"], at)
        files, who = await touched(self.crew, plan), at.deployment
        causes = await self.crew.triager.causes(plan.service, failure, new, old, files, who)
        due = Fixes(task=request.task, failure=failure, causes=tuple(causes))
        if "rollback_failure" in state:
            stuck = state["rollback_failure"]
            found = await self.crew.triager.causes(plan.service, stuck, (), (), files, who)
            due = due.model_copy(update={"stuck": stuck, "stuck_causes": tuple(found)})
        await self.crew.voice.chore(at, FIXES, due, partial(file_fixes, self.crew, at, due))
        return State(fix_tasks=fixes_of(self.crew, at.deployment))

    async def close(self, state: State, runtime: Runtime[Drive]) -> State:
        """Tell how it ended, and leave no task where it would be lost."""
        at, request = self.crew.errand(state, Stage.CLOSE, runtime), state["request"]
        outcome, reason = _ending(state)
        due = Ending(
            task=request.task,
            outcome=outcome,
            reason=reason,
            failure=self.crew.excerpt(state["failure"], at) if "failure" in state else None,
            went_back="undoing" in state,
        )
        await self.crew.voice.chore(at, ENDING, due, partial(tell_ending, self.crew, at, due))
        if outcome not in (Outcome.BLOCKED, Outcome.CONFLICT, Outcome.MERGE_REFUSED):
            title, _ = reports.failure(at.deployment, request, outcome, reason, due.failure, ())
            await show(self.crew, at, state, Standing.FAILED, title)
        if _did_hurt(state, outcome):
            text = f"{outcome.replace('_', ' ')}: {state['failure'].error}"
            await learn(self.crew, at, self.crew.plan(state), was_good=False, text=text)
        await give_back(self.crew, at)
        return State(outcome=outcome, reason=reason)


def _did_badly(state: State) -> bool:
    """Whether the version is to blame: it was live, it is no way back, no rule and no silence stopped it."""
    is_back = state["request"].kind is Kind.ROLLBACK
    failure = state["failure"]
    was_stopped = failure.silent or failure.kind == FailureKind.PRE_DEPLOYMENT_CHECKS_FAILED
    return not (is_back or was_stopped or state.get("course") is Course.GIVE_UP)


def _did_hurt(state: State, outcome: Outcome) -> bool:
    """Whether something is to be learnt: it was live, and neither people nor a silence ended it."""
    return "failure" in state and outcome in TAKEN_BACK and not state["failure"].silent


def _proven(state: State, plan: Plan) -> Version:
    merged = state.get("merged")
    return plan.version.model_copy(update={"commit": merged.commit}) if merged else plan.version


def _outcome(state: State) -> Outcome:
    failure = state["failure"]
    if "rollback_failure" in state:
        return Outcome.ROLLBACK_FAILED
    if failure.timed_out:
        return Outcome.TIMED_OUT
    return Outcome.ROLLED_BACK if "undoing" in state else _left(state)


def _left(state: State) -> Outcome:
    """Nothing was taken back: because nothing had changed, or because nobody started the rollback."""
    return (
        Outcome.HELD if "asking" in state and state.get("course") == "ask" else Outcome.FAILED_BEFORE_CHANGE
    )


def _ending(state: State) -> tuple[Outcome, str]:
    if "outcome" in state:
        return state["outcome"], state.get("reason", "")
    return _ANSWERED[state["answer"]]
