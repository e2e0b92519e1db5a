"""Steps at the end: finish well, or explain, file fix tasks, and close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from langgraph.runtime import Runtime

from agents.triager import fix_task
from graphs.state import Course, Drive, State
from graphs.steps.advice import touched
from graphs.steps.afterwards import e2e_tests
from graphs.steps.announcing import worded
from graphs.steps.crew import MOST_SAID, NEW, OLD, WHOLE_STORY, Crew
from graphs.steps.helm import rollback_marker
from graphs.steps.shown import show
from graphs.steps.telling import told
from graphs.steps.workspaces import destroy_workspace
from orchestrate import reports
from orchestrate.errors import NotFound, OutcomeUnknown, OutsideFailed, Unreachable
from orchestrate.models.cause import Cause
from orchestrate.models.change import Version
from orchestrate.models.deployment import Failure, Kind, Outcome, Request, Stage
from orchestrate.models.plan import Plan
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
        await told(self.crew, at, voice.say(at, task, "result", text))
        announcement = await worded(self.crew, at, state, title, text)
        await told(self.crew, at, voice.announce(at, "result", title, announcement))
        await e2e_tests(self.crew, at, state, plan)
        await show(self.crew, at, state, Standing.DONE, title)
        if not request.flow:
            reason = f"Deployed {plan.version.name} to {plan.environment}"
            await told(self.crew, at, voice.close(at, task, self.crew.statuses.deployed, reason))
            await told(self.crew, at, destroy_workspace(self.crew, task, at))
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
        filed = await self._all_filed(at, plan, causes, failure, request.task)
        if "rollback_failure" in state:
            stuck = state["rollback_failure"]
            causes = await self.crew.triager.causes(plan.service, stuck, (), (), files, who)
            filed += await self._all_filed(at, plan, causes, stuck, request.task)
            owner = self.crew.owners.of(FailureKind.ROLLBACK_FAILURE)
            title, text = reports.rollback_failed(at.deployment, plan, stuck, owner)
            call = self.crew.voice.announce(at, "rollback failed", title, text, urgent=True)
            await told(self.crew, at, call)
        if request.task and filed:
            await told(self.crew, at, self.crew.voice.hand_over(at, request.task, filed[0]))
        return State(fix_tasks=list(dict.fromkeys(filed)))

    async def _all_filed(  # noqa: PLR0913  what a fix task is made of
        self, at: Errand, plan: Plan, causes: Sequence[Cause], failure: Failure, task: str | None
    ) -> list[str]:
        filed = [await told(self.crew, at, self._filed(at, plan, cause, failure, task)) for cause in causes]
        return [one for one in filed if one is not None]

    async def _filed(self, at: Errand, plan: Plan, cause: Cause, failure: Failure, task: str | None) -> str:
        """The task that fixes `cause`, with a line in the story that says so."""
        filed = await self._fix(at, plan, cause, failure, task)
        text = f"{cause.title} ({cause.count} ×); to be fixed in {filed}"
        facts = {"task": filed, "fingerprint": cause.fingerprint}
        facts |= {"explanation": cause.explanation} if cause.explanation else {}
        self.crew.event(at, "cause", text, **facts)
        return filed

    async def _fix(self, at: Errand, plan: Plan, cause: Cause, failure: Failure, task: str | None) -> str:
        """A new task, or the open one, which is told that its cause was seen again (F1)."""
        revert = next((one for one in self.crew.store.events.of(at.deployment) if one.kind == "revert"), None)
        owner = self.crew.owners.of(cause.kind)
        new = fix_task(cause, failure, plan, task, revert.text if revert else "", owner)
        known = await self.crew.survey.tasks.find(new.marker)
        if known is not None and known.is_closed:
            new = new.model_copy(update={"marker": f"{new.marker}/{at.deployment}"})
        elif known is not None and not self.crew.voice.has_filed(at, new):
            text = reports.seen_again(at.deployment, failure)
            await self.crew.voice.say(at, known.id, f"again {cause.fingerprint}", text)
            return known.id
        return (await self.crew.voice.file(at, new)).id

    async def close(self, state: State, runtime: Runtime[Drive]) -> State:
        """Tell how it ended, and leave no task where it would be lost."""
        at, request = self.crew.errand(state, Stage.CLOSE, runtime), state["request"]
        outcome, reason = _ending(state)
        fixes = state["fix_tasks"]
        failure = self.crew.excerpt(state["failure"], at) if "failure" in state else None
        events = self.crew.store.events.of(at.deployment, limit=WHOLE_STORY)
        owner = self.crew.owners.after(outcome, failure)
        title, text = reports.failure(
            at.deployment, request, outcome, reason, failure, fixes, events=events, owner=owner
        )
        if outcome not in (Outcome.BLOCKED, Outcome.CONFLICT, Outcome.MERGE_REFUSED):
            urgent = outcome is Outcome.ROLLBACK_FAILED
            await told(self.crew, at, self.crew.voice.say(at, request.task, "result", text))
            announcement = await worded(self.crew, at, state, title, text)
            call = self.crew.voice.announce(at, "result", title, announcement, urgent=urgent)
            await told(self.crew, at, call)
            await show(self.crew, at, state, Standing.FAILED, title)
        await told(self.crew, at, self._settle(at, request.task, outcome, fixes))
        if "undoing" in state and outcome is not Outcome.ROLLBACK_FAILED:
            await told(self.crew, at, self._close_rollback(at))
        return State(outcome=outcome, reason=reason)

    async def _close_rollback(self, at: Errand) -> None:
        """The task that asked for this rollback has nothing left to ask."""
        asked = await self.crew.survey.tasks.find(rollback_marker(at.deployment))
        if asked is not None:
            await self.crew.voice.close(at, asked.id, self.crew.statuses.done, "Rolled back and verified")

    async def _settle(self, at: Errand, task: str | None, outcome: Outcome, fixes: list[str]) -> None:
        statuses = self.crew.statuses
        if fixes:
            reason = f"Failed - created fix task {', '.join(fixes)}"
            await self.crew.voice.close(at, task, statuses.failed, reason)
        elif outcome in (Outcome.HELD, Outcome.EXPIRED, Outcome.CANCELLED):
            await self.crew.voice.move(at, task, statuses.held)
        elif outcome is Outcome.SUPERSEDED:
            await self.crew.voice.close(at, task, statuses.failed, "Superseded by a newer candidate")
        elif outcome not in (Outcome.BLOCKED, Outcome.CONFLICT, Outcome.MERGE_REFUSED):
            await self.crew.voice.move(at, task, statuses.blocked)  # no fix task could be filed


def _did_badly(state: State) -> bool:
    """Whether the version is to blame: it was live, it is no way back, no rule and no silence stopped it."""
    is_back = state["request"].kind is Kind.ROLLBACK
    failure = state["failure"]
    was_stopped = failure.silent or failure.kind == FailureKind.PRE_DEPLOYMENT_CHECKS_FAILED
    return not (is_back or was_stopped or state.get("course") is Course.GIVE_UP)


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
