"""The table of roles: what each is told, may look at, answers with, and may cost."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from agents.answers import (
    DeployerProposal,
    Draft,
    MigrationReview,
    PlanProposal,
    Reply,
    Resolution,
    RiskProposal,
    TriageNotes,
)
from agents.role import Role
from orchestrate.models.fact import Fact
from prompts import Tier

__all__ = ["ROLES", "Budget", "ReadTool", "Role", "RoleSettings"]


class ReadTool(StrEnum):
    """What a role may look at; there is no tool that changes anything."""

    STATUS = "status"
    HISTORY = "history"
    GATES = "gates"
    PLAN = "plan"
    DIFF = "diff"
    LOGS = "logs"
    METRICS = "metrics"
    ENVIRONMENTS = "environments"


class Budget(Fact):
    """What one deployment may spend on a role."""

    tokens: int  # in and out together
    cents: int  # US cents


class RoleSettings(Fact):
    """One role; its prompt file has the role's name."""

    prompt: str
    tier: Tier
    tools: tuple[ReadTool, ...]
    output: type[Fact]
    budget: Budget


def _role(
    role: Role, tier: Tier, output: type[Fact], budget: tuple[int, int], *tools: ReadTool
) -> RoleSettings:
    tokens, cents = budget
    return RoleSettings(
        prompt=role, tier=tier, tools=tools, output=output, budget=Budget(tokens=tokens, cents=cents)
    )


_SMALL, _MEDIUM, _LARGE = (20_000, 10), (60_000, 50), (150_000, 150)

ROLES: Mapping[Role, RoleSettings] = {
    Role.DEPLOYER: _role(
        Role.DEPLOYER,
        Tier.DEEP,
        DeployerProposal,
        _LARGE,
        ReadTool.STATUS,
        ReadTool.HISTORY,
        ReadTool.GATES,
        ReadTool.PLAN,
        ReadTool.DIFF,
        ReadTool.LOGS,
        ReadTool.METRICS,
    ),
    Role.PLANNER: _role(
        Role.PLANNER, Tier.DEEP, PlanProposal, _MEDIUM, ReadTool.GATES, ReadTool.DIFF, ReadTool.HISTORY
    ),
    Role.RISK_ASSESSOR: _role(
        Role.RISK_ASSESSOR, Tier.STANDARD, RiskProposal, _MEDIUM, ReadTool.DIFF, ReadTool.HISTORY
    ),
    Role.MIGRATION_REVIEWER: _role(
        Role.MIGRATION_REVIEWER, Tier.DEEP, MigrationReview, _MEDIUM, ReadTool.DIFF
    ),
    Role.TRIAGER: _role(
        Role.TRIAGER, Tier.STANDARD, TriageNotes, _MEDIUM, ReadTool.LOGS, ReadTool.METRICS, ReadTool.DIFF
    ),
    Role.CONFLICT_RESOLVER: _role(Role.CONFLICT_RESOLVER, Tier.DEEP, Resolution, _LARGE, ReadTool.DIFF),
    Role.ANNOUNCER: _role(Role.ANNOUNCER, Tier.FAST, Draft, _SMALL, ReadTool.STATUS),
    Role.RELEASE_WRITER: _role(Role.RELEASE_WRITER, Tier.STANDARD, Draft, _MEDIUM, ReadTool.DIFF),
    Role.ASSISTANT: _role(
        Role.ASSISTANT,
        Tier.FAST,
        Reply,
        _SMALL,
        ReadTool.STATUS,
        ReadTool.HISTORY,
        ReadTool.PLAN,
        ReadTool.LOGS,
        ReadTool.ENVIRONMENTS,
    ),
}
"""Every role has its line; who deploys how is in config/devops_agent.yaml, read by orchestrate.settings."""
