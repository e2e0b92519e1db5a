"""Approval: what makes a plan approved, as it was read from the change, its commits and the request."""

from __future__ import annotations

from collections.abc import Sequence

from agents.situation import Situation
from graphs.steps.crew import Crew
from orchestrate.approvers import Work, approval_rule
from orchestrate.errors import UnknownVersion
from orchestrate.models.approval import ApprovalRule
from orchestrate.models.change import Commit
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import Channel
from orchestrate.models.plan import Plan
from orchestrate.models.question import Question

MOST_COMMITS = 500
"""Whose more cannot be read counts as unknown."""


async def rule_of(crew: Crew, situation: Situation, plan: Plan) -> ApprovalRule:
    """Who may approve `plan`, and how many must. A rollback is nobody's own work, and one is enough."""
    environment = situation.environment
    if situation.request.kind is Kind.ROLLBACK:
        return approval_rule(Work(), environment.model_copy(update={"approvals": 1}), crew.people)
    work = Work(
        change=situation.change,
        commits=await _commits(crew, plan),
        files=situation.changed_files,
        requested_by=_requester(crew, situation),
    )
    return approval_rule(work, environment, crew.people)


async def _commits(crew: Crew, plan: Plan) -> Sequence[Commit] | None:
    """What ships that its base, or else what runs now, has not; None when that cannot all be told."""
    live = [one.from_version.commit for one in plan.ships if one.from_version]
    found: dict[str, Commit] = {}
    for since in [plan.merge.base] if plan.merge else dict.fromkeys(live):
        try:
            log = await crew.source.log(since, plan.version.commit, MOST_COMMITS + 1)
        except UnknownVersion:
            return None
        found |= {one.sha: one for one in log}
    return None if len(found) > MOST_COMMITS else tuple(found.values())


def _requester(crew: Crew, situation: Situation) -> str | None:
    """The person who asked; for what a worker found in the queue, whoever filed the task."""
    by, task = situation.request.requested_by, situation.task
    if any(one.name == by for one in crew.people):
        return by
    filed = task.created_by if task else ""
    return next((one.name for one in crew.people if one.is_known_as(Channel.TRACKER, filed)), None)


def next_round(asked: Sequence[Question], plan_hash: str) -> tuple[str, str]:
    """What to call the next question about this plan, and why one before it was closed, or ''.

    One that is not closed keeps its name: asking it again is asking the same.
    """
    before = [one for one in asked if one.plan_hash == plan_hash and one.asks_approval]
    closed = [one.closed for one in before if one.closed is not None]
    return (f"approval/{len(closed) + 1}", closed[-1]) if closed else ("approval", "")
