"""Waits: what ends each of them, as the store knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphs.alerts import untold
from graphs.state import Answer, Asking, State
from orchestrate.models.deployment import DecisionKind, ForApproval, ForChecks, ForTime, ForTurn, Stage, Wait
from orchestrate.models.question import Question
from orchestrate.store import Store

WOKE = "woke"
EXPIRED = "expired"

_ANSWERS: Mapping[DecisionKind, Answer] = {
    DecisionKind.APPROVED: Answer.APPROVED,
    DecisionKind.HOLD: Answer.HELD,
    DecisionKind.ROLL_BACK: Answer.ROLL_BACK,
}


@dataclass(frozen=True)
class Waits:
    """Knows whether a wait is over, and when to look again."""

    store: Store

    def answer(self, wait: Wait, deployment: str) -> str | None:
        """What to go on with, if the wait is over."""
        now = self.store.clock()
        match wait:
            case ForApproval():
                return self._decided(self.store.questions.question(wait.gate), now)
            case ForTime():
                return WOKE if now >= wait.until or self._has_news(deployment) else None
            case ForChecks():
                return WOKE if now >= wait.until else None
            case ForTurn():
                return WOKE if self._is_free(wait) or self._is_withdrawn(deployment) else None

    def wake_at(self, wait: Wait) -> float | None:
        """When to look again, in epoch seconds; None where only an event can end it."""
        match wait:
            case ForApproval():
                question = self.store.questions.question(wait.gate)
                is_reminded = question.reminded or question.remind_at is None
                return wait.until if is_reminded else min(wait.until, question.remind_at or wait.until)
            case ForTime() | ForChecks():
                return wait.until
            case ForTurn():
                return None

    def _decided(self, question: Question, now: float) -> Answer | None:
        """What came of the question: an approval that is not used in time is none."""
        said = question.decision
        if said is not None and (said.kind is not DecisionKind.APPROVED or question.consumed_at):
            return _ANSWERS[said.kind]
        if question.closed is not None:
            return Answer.EXPIRED if question.closed == EXPIRED else Answer.SUPERSEDED
        if now >= question.expires:
            self.store.questions.close(question.id, EXPIRED)
            return Answer.EXPIRED
        return _ANSWERS[said.kind] if said is not None else self._silence(question, now)

    def _silence(self, question: Question, now: float) -> Answer | None:
        """Nobody answered yet: a release that turns bad meanwhile is looked at again, as after a Hold."""
        if question.gate_kind.startswith(Asking.GO_ON) and self._turned_bad(question.deployment):
            self.store.questions.close(question.id, "the numbers answered it")
            return Answer.HELD
        is_due = question.remind_at is not None and now >= question.remind_at and not question.reminded
        return Answer.REMIND if is_due else None

    def _turned_bad(self, deployment: str) -> bool:
        return any(one.is_bad for one in self.store.watches.open_of(deployment))

    def _has_news(self, deployment: str) -> bool:
        """Whether an open watch has a verdict, or an alert that nobody was told of."""
        open_ones = self.store.watches.open_of(deployment)
        is_decided = any(one.is_bad or one.is_proven for one in open_ones)
        return is_decided or bool(untold(self.store, deployment, open_ones))

    def _is_free(self, wait: ForTurn) -> bool:
        return self.store.locks.holder(wait.environment, wait.service) is None

    def _is_withdrawn(self, deployment: str) -> bool:
        """Whether somebody said Hold after the approval."""
        asked = self.store.questions.for_deployment(deployment)
        said = asked[-1].decision if asked else None
        return said is not None and said.kind is not DecisionKind.APPROVED


def waiting_stage(wait: Wait, state: State) -> Stage:
    """The stage that asks for this wait."""
    match wait:
        case ForApproval():
            is_first = state.get("asking", Asking.APPROVAL) is Asking.APPROVAL
            return Stage.APPROVAL if is_first else Stage.DECIDE
        case ForTime():
            return Stage.WATCH
        case ForChecks():
            return Stage.WAIT_FOR_CHECKS
        case ForTurn():
            return Stage.WAIT_FOR_TURN
