"""Approvals: who may approve a plan, and how many of them must, as it stands in the plan."""

from __future__ import annotations

from orchestrate.models.fact import Fact


class Barred(Fact):
    """An approver who may not approve this plan, and why."""

    person: str
    why: str


class ApprovalRule(Fact):
    """What makes a plan approved."""

    persons: int = 1  # distinct persons who must approve
    reasons: tuple[str, ...] = ()  # why more than one
    approvers: tuple[str, ...]  # names of people
    barred: tuple[Barred, ...] = ()
    strangers: tuple[str, ...] = ()  # who wrote what ships, and is nobody in `people`

    @property
    def allowed(self) -> tuple[str, ...]:
        """Who may approve."""
        barred = {one.person for one in self.barred}
        return tuple(name for name in self.approvers if name not in barred)
