"""Steps before anything changes: pick up, gates, plan, the question to people, and the turn."""

from __future__ import annotations

from dataclasses import dataclass

from langgraph.runtime import Runtime

from agents.situation import Situation
from graphs.patience import AT_THE_GATES, AT_THE_TRACKER
from graphs.state import Asking, Drive, Planned, Readiness, State, Turn
from graphs.steps.advice import advised, reviewed
from graphs.steps.approval import next_round, rule_of
from graphs.steps.crew import MOST_SAID, WHOLE_STORY, Crew
from graphs.steps.found import (
    AGAINST,
    blocked_digest,
    found_in,
    moved,
    no_longer,
    obstacle,
    readiness,
    told,
    why,
)
from graphs.steps.known import compared, foreseen
from graphs.steps.resolving import resolution
from graphs.steps.telling import answered
from graphs.steps.working import barred, informed, is_contended
from graphs.steps.workspaces import bind_workspace
from orchestrate import policy, reports
from orchestrate.errors import TrackerSilent, Unreachable
from orchestrate.gates import findings
from orchestrate.models.change import Change, ChangeState, MergeOrder, Preview, Version
from orchestrate.models.deployment import (
    DecisionKind,
    ForApproval,
    ForChecks,
    ForTurn,
    Kind,
    Outcome,
    Stage,
)
from orchestrate.models.environment import Environment
from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import Findings
from orchestrate.models.plan import Plan
from orchestrate.models.question import Question
from orchestrate.models.task import Queue
from orchestrate.outside import clipped, line
from orchestrate.store.events import FORESIGHT
from tools.executor import Errand

NOBODY = "and nobody is named who could say yes"

CHECKS_AGAIN = 30.0
"""Seconds between two looks at checks that are awaited."""


@dataclass(frozen=True)
class Arrive:
    """From the queue to the moment before the first change."""

    crew: Crew

    async def pick_up(self, state: State, runtime: Runtime[Drive]) -> State:
        """Acknowledge on the thread, and move the task on."""
        at, request = self._at(state, Stage.PICK_UP, runtime), state["request"]
        await self.crew.voice.move(at, request.task, self.crew.statuses.deploying)
        await self.crew.voice.say(at, request.task, "picked up", reports.picked_up(at.deployment, request))
        await self.crew.voice.announce(at, "start", *reports.started(at.deployment, request))
        await bind_workspace(self.crew, request.task, at)
        return State()

    async def gates(self, state: State, runtime: Runtime[Drive]) -> State:
        """Read the evidence once, and let every gate look at it."""
        at = self._at(state, Stage.GATES, runtime)
        evidence = await reviewed(self.crew, at, await self._evidence(state, at))
        found = Findings(results=findings(evidence))
        self.crew.store.events.tell(at.deployment, at.stage, told(found))
        has_waited = state.get("readiness") is Readiness.WAIT
        since = state["checking_since"] if has_waited else evidence.at
        until = min(evidence.at + CHECKS_AGAIN, since + evidence.environment.gates.wait_for_approvals)
        checks = ForChecks(change=evidence.change.id if evidence.change else "", until=until)
        return State(readiness=readiness(found, evidence, since), checking_since=since, checks=checks)

    async def blocked(self, state: State, runtime: Runtime[Drive]) -> State:
        """Say once what stands in the way, and hand the task to who can clear it."""
        at, request = self._at(state, Stage.BLOCKED, runtime), state["request"]
        found = found_in(self.crew.store.events.of(at.deployment, limit=WHOLE_STORY))
        outcome, reason = state.get("outcome", obstacle(found)), state.get("reason") or why(found)
        self.crew.event(at, "blocked", reason, digest=blocked_digest(found))
        owner = self.crew.owners.after(outcome, None)
        title, text = reports.blocked(at.deployment, request, found, state.get("reason", ""), owner)
        await self.crew.voice.say(at, request.task, "blocked", text)
        if outcome is Outcome.CONFLICT and request.task:
            await self.crew.voice.move(at, request.task, self.crew.statuses.open, Queue.CONFLICT_RESOLUTION)
        else:
            await self.crew.voice.move(at, request.task, self.crew.statuses.blocked)
            await self.crew.voice.announce(at, "blocked", title, text)
        if outcome is Outcome.CONFLICT:
            await resolution(self.crew, at, request)
        return State(outcome=outcome, reason=clipped(reason, MOST_SAID))

    async def plan(self, state: State, runtime: Runtime[Drive]) -> State:
        """Make the plan from fresh evidence, let policy look at it, store it, and ask where demanded."""
        at = self._at(state, Stage.PLAN, runtime)
        evidence = await self._evidence(state, at)
        found = Findings(results=findings(evidence))
        if found.that(*AGAINST) or evidence.version is None:
            self.crew.store.events.tell(at.deployment, at.stage, told(found))
            return State(planned=Planned.REFUSED)
        situation = await self._situation(state, evidence, evidence.version, found)
        situation = await informed(self.crew, at, situation)
        if (wait := barred(self.crew, at, situation)) is not None:
            return State(planned=Planned.WAIT, checks=wait)
        plan, doubt = await advised(self.crew, situation, await self.crew.planner.plan(situation))
        is_asked = self._asks(evidence) or doubt is not None or is_contended(situation)
        if doubt is not None and not evidence.environment.approvers:
            return State(planned=Planned.REFUSED, reason=clipped(f"{doubt.words}; {NOBODY}", MOST_SAID))
        if is_asked:
            plan = plan.model_copy(update={"approval": await rule_of(self.crew, situation, plan)})
        problems = policy.violations(plan, evidence.environment)
        if problems:
            return State(planned=Planned.REFUSED, reason=clipped("; ".join(problems), MOST_SAID))
        self.crew.store.deployments.planned(at.lease, plan)
        for seen in foreseen(self.crew.store, evidence.environment, compared(plan)):
            self.crew.event(at, FORESIGHT, seen, plan=plan.hash)
        known = State(plan=plan.hash, version=plan.version, cursor=0)
        if not is_asked:
            return known | State(planned=Planned.GO)
        question = await self._ask(at, plan, evidence, found)
        wait = ForApproval(gate=question.id, until=question.expires)
        return known | State(planned=Planned.ASK, asking=Asking.APPROVAL, question=wait)

    async def remind(self, state: State, runtime: Runtime[Drive]) -> State:
        """Say once more that somebody is asked."""
        at, request = self._at(state, Stage.REMIND, runtime), state["request"]
        question = self.crew.store.questions.question(state["question"].gate)
        environment = self.crew.place(state).environment
        text = reports.reminder(question, environment.approvers)
        await self.crew.voice.say(at, request.task, f"reminder {question.id}", text)
        self.crew.store.questions.reminded(question.id)
        return State()

    async def queue(self, state: State, runtime: Runtime[Drive]) -> State:
        """Take the environment when it is free, and see that all is still as it was planned."""
        at, request = self._at(state, Stage.QUEUE, runtime), state["request"]
        if withdrawn := self._withdrawn(state):
            return State(turn=Turn.REFUSED, outcome=Outcome.HELD, reason=withdrawn)
        place = self.crew.place(state)
        holder = self.crew.store.locks.take(place.environment.name, place.environment.service, at.deployment)
        if holder != at.deployment:
            wait = ForTurn(environment=place.environment.name, service=place.environment.service)
            reason = f"{place.environment.name} is held by deployment {holder}"
            if not request.wait:
                return State(turn=Turn.REFUSED, outcome=Outcome.CANCELLED, reason=reason)
            return State(turn=Turn.BUSY, turn_wait=wait)
        objection = await self._objection(state)
        if withdrawn := self._withdrawn(state):
            self.crew.store.locks.release(at.deployment)
            return State(turn=Turn.REFUSED, outcome=Outcome.HELD, reason=withdrawn)
        evidence = await self._evidence(state, at)
        why_not = objection or moved(self.crew.plan(state), evidence, self._digest(state))
        why_not = why_not or no_longer(evidence)
        if why_not:
            self.crew.event(at, "moved", f"{why_not}; planning again")
            self.crew.store.locks.release(at.deployment)
        return State(turn=Turn.MOVED if why_not else Turn.MINE)

    async def _objection(self, state: State) -> str:
        """Why the approval no longer stands, now that its thread is read anew; or ''.

        Raises TrackerSilent.
        """
        if state.get("planned") is not Planned.ASK:
            return ""
        question = self.crew.store.questions.question(state["question"].gate)
        return await answered(self.crew.hearing.objection(question)) if question.consumed_at is None else ""

    def _withdrawn(self, state: State) -> str:
        """Who said Hold after the approval, while it waited for its turn; or ''."""
        if state.get("planned") is not Planned.ASK:
            return ""
        said = self.crew.store.questions.question(state["question"].gate).decision
        return f"{said.by} said {said.kind}" if said and said.kind is not DecisionKind.APPROVED else ""

    def _at(self, state: State, stage: Stage, runtime: Runtime[Drive]) -> Errand:
        return self.crew.errand(state, stage, runtime)

    def _digest(self, state: State) -> str:
        return self.crew.settings_digest(state["request"].environment)

    async def _evidence(self, state: State, at: Errand) -> Evidence:
        """What the gates look at. Raises Unreachable while somebody who does not answer may still do so."""
        since = state.get("checking_since")
        found = await self.crew.survey.evidence(at.deployment, state["request"], since)
        if state["request"].kind is Kind.ROLLBACK and not no_longer(found):
            return found  # what is silent does not matter to it
        said = "; ".join(f"{one}: {found.unread[one]}" for one in found.silent)
        if "task" in found.silent and self.crew.may_still_come(at, AT_THE_TRACKER):
            raise TrackerSilent(said)
        if found.silent and self.crew.may_still_come(at, AT_THE_GATES):
            raise Unreachable(said)
        return found

    async def _situation(
        self, state: State, evidence: Evidence, version: Version, found: Findings
    ) -> Situation:
        place, change = self.crew.place(state), evidence.change
        touched = await self.crew.source.files(change) if change else ()
        return Situation(
            deployment=state["deployment"],
            request=state["request"],
            environment=evidence.environment,
            task=evidence.task,
            change=change,
            merge=await self._order(state, change, evidence.preview),
            version=version,
            signature=evidence.signature,
            images=evidence.images,
            proven=evidence.proven,
            rehearsals=evidence.rehearsals,
            running=evidence.running or (),
            files=await self.crew.survey.files(place, evidence, version),
            verdicts=evidence.verdicts or (),
            gates=found.results,
            overrides=state["request"].overrides,
            settings_digest=self._digest(state),
            changed_files=tuple(path for file in touched for path in (file.path, file.was) if path),
            lines_changed=sum(len((file.text or "").splitlines()) for file in touched),
        )

    async def _order(self, state: State, change: Change | None, preview: Preview | None) -> MergeOrder | None:
        if change is None or change.state is not ChangeState.OPEN or preview is None or not preview.tree:
            return None
        return MergeOrder(
            change=change.id,
            method=await self.crew.survey.method(self.crew.place(state)),
            head=preview.head,
            base=preview.base,
            tree=preview.tree,
            message=f"{line(change.title)} ({change.id})",
        )

    def _asks(self, evidence: Evidence) -> bool:
        by_allowed = evidence.request.requested_by in evidence.environment.approvers
        if evidence.request.kind is Kind.ROLLBACK and by_allowed:
            return False
        return evidence.environment.asks_a_person

    async def _ask(self, at: Errand, plan: Plan, evidence: Evidence, found: Findings) -> Question:
        environment, questions = evidence.environment, self.crew.store.questions
        asked = questions.for_deployment(at.deployment)
        for older in asked:
            if older.plan_hash != plan.hash:
                questions.close(older.id, "another plan is asked about")
        gate, again = next_round(asked, plan.hash)
        question = questions.open(
            deployment=at.deployment,
            gate_kind=gate,
            plan_hash=plan.hash,
            head=plan.head,
            tree=plan.version.tree,
            task=plan.task,
            expires=evidence.at + environment.approval_expires,
            remind_at=evidence.at + environment.approval_reminder,
            needed=plan.approval.persons if plan.approval else 1,
        )
        await self._supersede(plan, environment)
        seen = self.crew.store.events.foreseen(at.deployment, plan.hash)
        text = reports.approval_request(plan, question, environment, found.results, again, seen)
        await self.crew.voice.say(at, plan.task, f"approval {question.id}", text)
        return question

    async def _supersede(self, plan: Plan, environment: Environment) -> None:
        """Close the questions of older candidates whose commits this one contains."""
        store = self.crew.store
        for older in store.questions.unanswered():
            asked_by = store.deployments.deployment(older.deployment)
            is_rival = asked_by.environment == environment.name and asked_by.service == environment.service
            if older.deployment == plan.deployment or not is_rival or not older.asks_approval:
                continue
            shipped = store.plans.plan(older.plan_hash).version.commit
            if await self.crew.source.contains(plan.version.commit, shipped):
                store.questions.close(older.id, f"superseded by {plan.deployment}")
