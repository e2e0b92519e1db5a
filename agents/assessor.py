"""Asks for risk that the rules cannot see; it counts when it is higher than theirs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agents.answers import RiskProposal
from agents.model import Brief, Model, Quoted
from agents.role import Role
from orchestrate.errors import ModelFailed, NotFound, OutsideFailed
from orchestrate.models.change import Change
from orchestrate.models.plan import Plan, Risk

_ORDER = tuple(Risk)

Diff = Callable[[Change], Awaitable[str]]
"""Shows what a change does, line by line."""


@dataclass(frozen=True)
class RiskAssessor:
    """Reads the change itself, which the rules do not."""

    model: Model
    diff: Diff

    async def raised(self, plan: Plan, change: Change) -> Plan:
        """The plan with a higher risk and its reasons; where the model fails or sees no more, unchanged."""
        try:
            facts = {
                "service": plan.service,
                "environment": plan.environment,
                "reasons": Quoted("\n".join(plan.risk_reasons)),
                "diff": Quoted(await self.diff(change)),
            }
            brief = Brief(plan.deployment, facts)
            proposal = await self.model.ask(Role.RISK_ASSESSOR, brief, RiskProposal)
        except (ModelFailed, OutsideFailed, NotFound):
            return plan
        return raised(plan, proposal, self.model.name)


def raised(plan: Plan, proposal: RiskProposal, model: str) -> Plan:
    """`plan` with what the proposal adds; one that is not higher adds nothing."""
    if _ORDER.index(proposal.risk) <= _ORDER.index(plan.risk):
        return plan
    reasons = (*plan.risk_reasons, *(f"{model}: {reason}" for reason in proposal.reasons))
    made_by = f"{plan.made_by}, risk raised by {model}"
    return plan.model_copy(update={"risk": proposal.risk, "risk_reasons": reasons, "made_by": made_by})
