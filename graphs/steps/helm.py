"""The helm: which way a deployment goes after a move, a verdict, or a failure."""

from __future__ import annotations

from dataclasses import dataclass

from graphs.state import Asking, Course, State
from graphs.steps.chores import rollback_marker
from graphs.steps.crew import MOST_SAID, NEW, OLD, Crew
from graphs.steps.known import known_before
from orchestrate import analysis, reports
from orchestrate.errors import EffectRefused, OrchestrateError, Unreachable
from orchestrate.models.deployment import Decision, DecisionKind, Failure, ForApproval, ForTime
from orchestrate.models.environment import Environment
from orchestrate.models.move import (
    Analyse,
    Backup,
    Drain,
    Move,
    Start,
    Verify,
    words,
)
from orchestrate.models.plan import Plan
from orchestrate.models.question import Question
from orchestrate.models.sample import Judgement, Verdict
from orchestrate.models.task import FailureKind, NewTask, Priority, Queue
from orchestrate.models.watch import Watch
from orchestrate.outside import clipped
from orchestrate.strategies import SLOTS
from tools.executor import Errand

NOTHING = "0"
"""What was asked before the first question."""


@dataclass(frozen=True)
class Helm:
    """Turns facts into a course."""

    crew: Crew

    def onward(self, state: State, at: Errand, cursor: int) -> State:
        """The stage of the next move; a watch is opened before it is waited for."""
        plan = self.crew.plan(state)
        if cursor >= len(plan.moves):
            return State(cursor=cursor, course=Course.DONE)
        move = plan.moves[cursor].move
        match move:
            case Verify():
                return State(cursor=cursor, course=Course.VERIFY)
            case Analyse():
                watch = self._open_all(at, plan, cursor, move)
                return self.watching(state, watch, 0) | State(cursor=cursor, reports=0)
            case _:
                return State(cursor=cursor, course=Course.ACT)

    def _open_all(self, at: Errand, plan: Plan, cursor: int, move: Analyse) -> Watch:
        """Open this watch, and the final ones that follow it: components are watched at the same time."""
        watch = self._open(at, plan, cursor, move)
        for index, step in enumerate(plan.moves[cursor + 1 :], start=cursor + 1):
            if not (move.final and isinstance(step.move, Analyse)):
                break
            self._open(at, plan, index, step.move)
        return watch

    def _open(self, at: Errand, plan: Plan, cursor: int, move: Analyse) -> Watch:
        now = self.crew.store.clock()
        return self.crew.store.watches.open(
            id=f"{at.deployment}:{cursor}",
            deployment=at.deployment,
            environment=plan.environment,
            component=move.component,
            slot=move.slot,
            baseline=move.baseline,
            opened_at=now,
            until=now + move.seconds,
            interval=plan.monitoring.sample,
            share=move.share,
            final=move.final,
            prior=known_before(self.crew.store, at.deployment, plan.environment, move, now),
        )

    def watching(self, state: State, watch: Watch, reports_made: int) -> State:
        """Wait for the end of the watch, the next report on a final one, or a verdict that comes sooner."""
        report = self.report_at(watch, state, reports_made + 1) if watch.final else watch.until
        until = min(watch.until, report)
        return State(course=Course.WATCH, watch=ForTime(until=until, watch=watch.id))

    def report_at(self, watch: Watch, state: State, count: int) -> float:
        """When the `count`-th report is due, in epoch seconds."""
        return watch.opened_at + count * self.crew.plan(state).monitoring.report

    def judgement(self, watch: Watch, plan: Plan) -> Judgement:
        """What the stored samples say now; a verdict against the release, once stored, stands."""
        if watch.judgement is not None and watch.judgement.verdict is Verdict.FAIL:
            return watch.judgement
        samples = self.crew.store.watches.samples(watch.id)
        now = self.crew.store.clock()
        alerts = plan.alerts.get(watch.component, {})
        return analysis.judge(watch, samples, plan.triggers, plan.monitoring, now, alerts)

    async def failed(
        self,
        state: State,
        at: Errand,
        problem: OrchestrateError,
        kind: FailureKind,
        *,
        timed_out: bool = False,
    ) -> State:
        """Keep the evidence, and choose the way back."""
        plan = self.crew.plan(state)
        move = plan.moves[state["cursor"]].move if state["cursor"] < len(plan.moves) else None
        await self._keep_logs(state, at, plan, move)
        failure = Failure(
            stage=at.stage,
            kind=kind,
            error=clipped(str(problem), MOST_SAID),
            component=move.component if move else None,
            move=words(move) if move else None,
            timed_out=timed_out,
            silent=isinstance(problem, Unreachable),
        )
        return await self._way_back(state, at, plan, failure)

    async def regressed(self, state: State, at: Errand, watch: Watch, judgement: Judgement) -> State:
        """A verdict against the new version: keep its numbers and log, and choose the way back."""
        plan = self.crew.plan(state)
        move = plan.moves[int(watch.id.rpartition(":")[2])].move
        await self._keep_logs(state, at, plan, move)
        failure = Failure(
            stage=at.stage,
            kind=FailureKind.REGRESSION,
            error=clipped(judgement.sentence, MOST_SAID),
            component=watch.component,
            move=words(move),
            numbers=judgement.numbers,
        )
        return await self._way_back(state, at, plan, failure, stays=plan.one_way if watch.final else ())

    async def called_back(self, state: State, at: Errand) -> State | None:
        """The way back, when a person chose it while effects are stopped and nobody could be asked; or None.

        Whoever decided for it once never goes on. The move at the cursor was not made.
        """
        said = self._said_back(at)
        if said is None:
            return None
        plan, cursor = self.crew.plan(state), state["cursor"]
        move = plan.moves[cursor].move
        await self._keep_logs(state, at, plan, move)
        why = f"{said.by} takes it back{': ' + said.text if said.text else ''}"
        failure = Failure(
            stage=at.stage,
            kind=FailureKind.REGRESSION,
            error=clipped(why, MOST_SAID),
            component=move.component,
            move=words(move),
        )
        self.crew.event(at, "failed", failure.error, failure=failure.kind)
        is_changed = _anything_changed(plan, cursor, at)
        return State(failure=failure, undo=cursor, course=Course.ROLL_BACK if is_changed else Course.GIVE_UP)

    def _said_back(self, at: Errand) -> Decision | None:
        asked = self.crew.store.questions.for_deployment(at.deployment)
        return next((one.decision for one in asked if _is_back(one)), None)

    async def halted(self, state: State, at: Errand, why: str, kind: FailureKind) -> State:
        """Nobody can say, or a rule stands in the way: a person decides whether to go on or back."""
        self.crew.event(at, "halted", why)
        question = await self._ask(state, at, Asking.GO_ON, why)
        failure = Failure(stage=at.stage, kind=kind, error=clipped(why, MOST_SAID))
        return State(
            course=Course.ASK,
            asking=Asking.GO_ON,
            question=question,
            failure=failure,
            undo=state["cursor"],
        )

    async def asked_again(self, state: State, at: Errand, now: str) -> State:
        """A person said Hold: it stays where it is, and the question stands, with what is known `now`."""
        before = state["failure"]
        return await self.halted(state, at, now or before.error, FailureKind(before.kind))

    async def resumed(self, state: State, at: Errand) -> State:
        """A person said to go on: past a watch, or once more at the move that was refused."""
        plan, cursor = self.crew.plan(state), state["cursor"]
        try:
            self.crew.store.questions.consume(state["question"].gate, at.lease)
        except EffectRefused as late:
            return await self.asked_again(state, at, str(late))
        if isinstance(plan.moves[cursor].move, Analyse):
            self.crew.store.watches.close(f"{at.deployment}:{cursor}")
            cursor += 1
        return self.onward(state, at, cursor)

    async def _way_back(
        self, state: State, at: Errand, plan: Plan, failure: Failure, stays: tuple[str, ...] = ()
    ) -> State:
        """By itself, or as a person says; with what `stays` the old version may not run."""
        environment = self.crew.place(state).environment
        self.crew.event(at, "failed", failure.error, failure=failure.kind)
        known = State(failure=failure, undo=min(state["cursor"], len(plan.moves) - 1))
        if not _anything_changed(plan, state["cursor"], at):
            return known | State(course=Course.GIVE_UP)
        if _goes_back_by_itself(environment, failure) and not stays:
            return known | State(course=Course.ROLL_BACK)
        why = f"{failure.error}; {', '.join(stays)} cannot be undone" if stays else failure.error
        question = await self._ask(state, at, Asking.ROLLBACK, why)
        if self._said_back(at) is None:
            await self._file_rollback(state, at, failure, question.gate)
        return known | State(course=Course.ASK, asking=Asking.ROLLBACK, question=question)

    async def _ask(self, state: State, at: Errand, asking: Asking, why: str) -> ForApproval:
        """Ask what comes after the question before; a step that begins again asks the same one."""
        environment, task = self.crew.place(state).environment, state["request"].task
        before = self.crew.store.questions.for_deployment(at.deployment)
        if answered := next((one for one in before if _is_back(one)), None):
            return ForApproval(gate=answered.id, until=answered.expires)
        after = state["question"].gate if "question" in state else NOTHING
        now = self.crew.store.clock()
        question = self.crew.store.questions.open(
            deployment=at.deployment,
            gate_kind=f"{asking}/{state['cursor']}/{after}",
            plan_hash=state["plan"],
            head=None,
            tree=None,
            task=task,
            expires=now + environment.approval_expires,
            remind_at=now + environment.approval_reminder,
        )
        text = reports.decision_request(asking, question, why, environment)
        key, title = f"decide {question.id}", f"{environment.name}: a person must decide"
        await self.crew.voice.say(at, task, key, text)
        await self.crew.voice.announce(at, key, title, text)
        return ForApproval(gate=question.id, until=question.expires)

    async def _file_rollback(self, state: State, at: Errand, failure: Failure, question: str) -> None:
        title, text = reports.rollback_task(
            at.deployment, state["request"].environment, failure.error, question
        )
        new = NewTask(
            title=title,
            description=text,
            queue=Queue.EXECUTION,
            status=self.crew.statuses.open,
            priority=Priority.P0,
            marker=rollback_marker(at.deployment),
            discovered_from=state["request"].task,
        )
        await self.crew.voice.order(at, new)

    async def _keep_logs(self, state: State, at: Errand, plan: Plan, move: Move | None) -> None:
        """Keep what both versions wrote, before the slots are gone."""
        if move is None:
            return
        component = self.crew.place(state).component(move.component)
        slot = _slot_of(plan, move)
        lines = await self.crew.lines(state, component, slot) if slot else ()
        if lines:
            self.crew.store.logs.add(at.deployment, f"{NEW}{component.name}/{slot}", "\n".join(lines))
        for other in SLOTS:
            before = await self.crew.lines(state, component, other) if other != slot else ()
            if before:
                self.crew.store.logs.add(at.deployment, f"{OLD}{component.name}/{other}", "\n".join(before))


def _is_back(question: Question) -> bool:
    """Whether a person chose the way back before the question could be told."""
    return question.decision is not None and question.decision.kind is DecisionKind.ROLL_BACK


def _slot_of(plan: Plan, move: Move) -> str | None:
    """The slot of the new version that `move` is about."""
    match move:
        case Start() | Verify() | Analyse():
            return move.slot
        case _:
            starts = [one.move for one in plan.moves if isinstance(one.move, Start)]
            return next((one.slot for one in starts if one.component == move.component), None)


def _anything_changed(plan: Plan, cursor: int, at: Errand) -> bool:
    if at.stage in ("merge", "build"):
        return False
    attempted = [one.move for one in plan.moves[: cursor + 1]]
    return any(not isinstance(move, Backup | Verify | Analyse | Drain) for move in attempted)


def _goes_back_by_itself(environment: Environment, failure: Failure) -> bool:
    if failure.timed_out:
        return environment.rollback_on_timeout
    return environment.auto_rollback
