"""The table of roles: what each is told, may look at, answers with, and may cost."""

from __future__ import annotations

from collections.abc import Mapping

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
from agents.looks import ReadTool
from agents.role import Role
from orchestrate.models.fact import Fact
from prompts import Tier

__all__ = ["ADVISERS", "ROLES", "STAND_INS", "Budget", "ReadTool", "Role", "RoleSettings", "StandIn"]


class Budget(Fact):
    """What one deployment may spend on a role; on the assistant, one person in a day."""

    tokens: int  # in and out together
    cents: int  # US cents
    answer: int = 2_000  # tokens of one answer, thoughts included


class StandIn(Fact):
    """What happens where no model answers."""

    part: str | None  # module:name of what does the work instead; None: nobody does
    does: str


class RoleSettings(Fact):
    """One role; its prompt file has the role's name."""

    prompt: str
    tier: Tier
    tools: tuple[ReadTool, ...]
    output: type[Fact]
    budget: Budget


def _role(
    role: Role, tier: Tier, output: type[Fact], budget: tuple[int, int, int], *tools: ReadTool
) -> RoleSettings:
    tokens, cents, answer = budget
    limits = Budget(tokens=tokens, cents=cents, answer=answer)
    return RoleSettings(prompt=role, tier=tier, tools=tools, output=output, budget=limits)


_SMALL, _MEDIUM, _LARGE = (30_000, 10, 1_500), (60_000, 50, 2_500), (150_000, 100, 8_000)
_LOOKING, _DAILY = (150_000, 60, 2_500), (150_000, 20, 1_500)

ADVISERS = (
    Role.DEPLOYER,
    Role.PLANNER,
    Role.RISK_ASSESSOR,
    Role.MIGRATION_REVIEWER,
    Role.TRIAGER,
)
"""Who is asked about one deployment: the same tier, tools and form for all, so that they share one cache."""

_OF_A_DEPLOYMENT = (
    ReadTool.STATUS,
    ReadTool.HISTORY,
    ReadTool.GATES,
    ReadTool.PLAN,
    ReadTool.DIFF,
    ReadTool.LOGS,
    ReadTool.METRICS,
)


def _adviser(role: Role, output: type[Fact], budget: tuple[int, int, int]) -> RoleSettings:
    return _role(role, Tier.STANDARD, output, budget, *_OF_A_DEPLOYMENT)


ROLES: Mapping[Role, RoleSettings] = {
    Role.DEPLOYER: _adviser(Role.DEPLOYER, DeployerProposal, _LOOKING),
    Role.PLANNER: _adviser(Role.PLANNER, PlanProposal, _MEDIUM),
    Role.RISK_ASSESSOR: _adviser(Role.RISK_ASSESSOR, RiskProposal, _MEDIUM),
    Role.MIGRATION_REVIEWER: _adviser(Role.MIGRATION_REVIEWER, MigrationReview, _MEDIUM),
    Role.TRIAGER: _adviser(Role.TRIAGER, TriageNotes, _LOOKING),
    Role.CONFLICT_RESOLVER: _role(Role.CONFLICT_RESOLVER, Tier.DEEP, Resolution, _LARGE, ReadTool.DIFF),
    Role.ANNOUNCER: _role(Role.ANNOUNCER, Tier.FAST, Draft, _SMALL, ReadTool.STATUS),
    Role.RELEASE_WRITER: _role(Role.RELEASE_WRITER, Tier.STANDARD, Draft, _MEDIUM, ReadTool.DIFF),
    Role.ASSISTANT: _role(
        Role.ASSISTANT,
        Tier.FAST,
        Reply,
        _DAILY,
        ReadTool.STATUS,
        ReadTool.HISTORY,
        ReadTool.PLAN,
        ReadTool.LOGS,
        ReadTool.METRICS,
        ReadTool.ENVIRONMENTS,
    ),
}
"""Every role has its line; who deploys how is in config/devops_agent.yaml, read by orchestrate.settings."""

STAND_INS: Mapping[Role, StandIn] = {
    Role.DEPLOYER: StandIn(
        part="orchestrate.analysis:judge",
        does="gates and verdicts decide alone: pass goes on, inconclusive holds, fail goes back",
    ),
    Role.PLANNER: StandIn(
        part="agents.runbook:RunbookPlanner", does="the environment's settings alone make the plan"
    ),
    Role.RISK_ASSESSOR: StandIn(part="agents.risk_assessor:assess", does="the rules' risk counts"),
    Role.MIGRATION_REVIEWER: StandIn(part="tools.sql_lint:lint", does="the linter's findings count"),
    Role.TRIAGER: StandIn(
        part="agents.triager:causes_in", does="causes come from the log, without an explanation"
    ),
    Role.CONFLICT_RESOLVER: StandIn(
        part=None, does="the task goes to the conflict-resolution queue, for a person"
    ),
    Role.ANNOUNCER: StandIn(part="orchestrate.reports:success", does="the reports' own words are announced"),
    Role.RELEASE_WRITER: StandIn(
        part=None, does="no notes are written; `orchestrate deploy diff` lists commits"
    ),
    Role.ASSISTANT: StandIn(part=None, does="`orchestrate deploy status` and `history` answer"),
}
"""The product is whole without a model: this is who does each role's part then."""
