"""Turns a situation into the plan that a person approves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agents.answers import ExtraCheck, PlanProposal
from agents.assessor import RiskAssessor
from agents.model import Brief, Model, Quoted
from agents.outline import outline
from agents.role import Role
from agents.runbook import RunbookPlanner
from agents.situation import Situation
from orchestrate.errors import ModelFailed
from orchestrate.models.deployment import Kind
from orchestrate.models.move import Analyse, Verify
from orchestrate.models.plan import TO_DO, Plan, PlannedMove, Risk, planned

__all__ = ["Planner", "RunbookPlanner", "Situation"]

_ORDER = tuple(Risk)
_FOR_THE_APPROVER = {
    ExtraCheck.READ_MIGRATIONS: f"{TO_DO}read every migration",
    ExtraCheck.REHEARSE_ROLLBACK: f"{TO_DO}see that the rollback was tried elsewhere",
    ExtraCheck.WATCH_TOGETHER: f"{TO_DO}find somebody who knows the change to watch it",
}


@dataclass(frozen=True)
class Planner:
    """Takes the stand-in's plan, and lets a model make it stricter."""

    model: Model
    stand_in: RunbookPlanner = RunbookPlanner()
    assessor: RiskAssessor | None = None
    is_worth_asking: Callable[[Situation, Plan], bool] = lambda _, __: True

    async def plan(self, situation: Situation) -> Plan:
        """The stricter plan; with a model that fails, the stand-in's, unchanged."""
        plan = await self.stand_in.plan(situation)
        if not self.is_worth_asking(situation, plan):
            return plan
        if self.assessor is not None and situation.change is not None:
            plan = await self.assessor.raised(plan, situation.change)
        return await self._advised(situation, plan)

    async def _advised(self, situation: Situation, plan: Plan) -> Plan:
        try:
            proposal = await self.model.ask(Role.PLANNER, _facts(situation, plan), PlanProposal)
        except ModelFailed:
            return plan
        return stricter(plan, proposal, self.model.name)


def is_remarkable(situation: Situation, plan: Plan) -> bool:
    """Whether the rules found anything that somebody should think about; the way back waits for nobody."""
    is_plain = plan.risk is Risk.LOW and not plan.has_migrations and not plan.overrides
    return situation.request.kind is Kind.DEPLOY and not is_plain


def stricter(plan: Plan, proposal: PlanProposal, model: str) -> Plan:
    """`plan` with what the proposal adds; nothing that it says makes the plan laxer."""
    moves = _watched(plan.moves, proposal.watch_minutes * 60)
    if ExtraCheck.VERIFY_AFTER_WATCH in proposal.checks:
        moves = _verified_again(moves)
    period = max(plan.monitoring.period, _longest_watch(moves))
    asked = [words for check, words in _FOR_THE_APPROVER.items() if check in proposal.checks]
    changed = plan.model_copy(
        update={
            "moves": moves,
            "monitoring": plan.monitoring.model_copy(update={"period": period}),
            "checks": (*plan.checks, *asked),
            "risk": max(plan.risk, proposal.risk, key=_ORDER.index),
            "risk_reasons": (*plan.risk_reasons, *(f"{model}: {reason}" for reason in proposal.reasons)),
        }
    )
    if changed == plan:
        return plan
    return changed.model_copy(update={"made_by": f"{plan.made_by}, made stricter by {model}"})


def _watched(steps: tuple[PlannedMove, ...], seconds: int) -> tuple[PlannedMove, ...]:
    return tuple(_longer(step, seconds) for step in steps)


def _longer(step: PlannedMove, seconds: int) -> PlannedMove:
    move = step.move
    if isinstance(move, Analyse) and move.final and move.seconds < seconds:
        return planned(move.model_copy(update={"seconds": seconds}))
    return step


def _verified_again(steps: tuple[PlannedMove, ...]) -> tuple[PlannedMove, ...]:
    """Every Verify once more, right after the last final watch."""
    finals = [index for index, step in enumerate(steps) if isinstance(step.move, Analyse) and step.move.final]
    if not finals:
        return steps
    end = finals[-1] + 1
    again = tuple(step for step in steps[:end] if isinstance(step.move, Verify))
    return (*steps[:end], *again, *steps[end:])


def _longest_watch(steps: tuple[PlannedMove, ...]) -> int:
    finals = [step.move.seconds for step in steps if isinstance(step.move, Analyse) and step.move.final]
    return max(finals, default=0)


def _facts(situation: Situation, plan: Plan) -> Brief:
    change = situation.change
    facts = {
        "service": plan.service,
        "environment": plan.environment,
        "plan": Quoted(outline(plan)),
        "change": Quoted(
            f"{change.title}\n\n{change.body}" if change else "no change: a version that exists"
        ),
        "files": Quoted("\n".join(situation.changed_files)),
    }
    return Brief(plan.deployment, facts)
