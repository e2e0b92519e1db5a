"""Says what it would do with a deployment as it stands; it can only make things stricter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agents.answers import Advice, DeployerProposal
from agents.looking import whole_change
from agents.looks import Looks
from agents.model import Brief, Model, NoModel, Quoted
from agents.outline import outline
from agents.planner import is_remarkable
from agents.role import Role
from agents.situation import Situation
from orchestrate.errors import ModelFailed
from orchestrate.models.plan import Plan


@dataclass(frozen=True)
class Opinion:
    """What somebody would do, and why."""

    by: str
    advice: Advice
    reasons: tuple[str, ...]

    @property
    def is_doubt(self) -> bool:
        """Whether a person has to look before anything else happens."""
        return self.advice in (Advice.HOLD, Advice.ROLL_BACK)

    @property
    def words(self) -> str:
        """For people, in one line."""
        return f"{self.by} advises {self.advice.replace('_', ' ')}: {'; '.join(self.reasons)}"


@dataclass(frozen=True)
class Deployer:
    """Understands a deployment's configuration and state. Its `proceed` is no more than silence."""

    model: Model = NoModel()
    looks: Callable[[str], Looks] | None = None  # what may be seen of a deployment
    is_worth_asking: Callable[[Situation, Plan], bool] = is_remarkable

    async def about(self, plan: Plan, state: str, log: str) -> Opinion | None:
        """What it would do now; None where no model answers, or it would go on."""
        looks = self.looks(plan.deployment) if self.looks else None
        facts = {
            "diff": await whole_change(looks),
            "service": plan.service,
            "environment": plan.environment,
            "plan": Quoted(outline(plan)),
            "gates": Quoted("\n".join(plan.checks)),
            "state": Quoted(state),
            "log": Quoted(log),
        }
        try:
            said = await self.model.ask(Role.DEPLOYER, Brief(plan.deployment, facts, looks), DeployerProposal)
        except ModelFailed:
            return None
        return None if said.advice is Advice.PROCEED else Opinion(self.model.name, said.advice, said.reasons)


def with_opinion(plan: Plan, said: Opinion) -> Plan:
    """The plan, in which whoever approves it reads the opinion; its moves stay as they are."""
    reasons = (f"{said.by} advises {said.advice.replace('_', ' ')}: {reason}" for reason in said.reasons)
    return plan.model_copy(update={"risk_reasons": (*plan.risk_reasons, *reasons)})
