"""Questions: what a deployment asks people, and what became of it."""

from __future__ import annotations

from orchestrate.models.deployment import Decision, DecisionKind
from orchestrate.models.fact import Fact


class Question(Fact):
    """A gate that waits for people's answer; times are epoch seconds."""

    id: str  # short and unique, e.g. Q7F3K2
    deployment: str
    gate_kind: str
    plan_hash: str
    head: str | None = None
    tree: str | None = None
    task: str | None = None
    opened_at: float
    expires: float
    remind_at: float | None = None
    reminded: bool = False
    needed: int = 1  # distinct persons who must approve
    approvals: tuple[Decision, ...] = ()  # those that count, one for each person
    decision: Decision | None = None  # the answer: a hold, a rollback, or the approval that made it enough
    closed: str | None = None  # why it can no longer be answered
    consumed_at: float | None = None  # when the first change used the approval

    @property
    def is_open(self) -> bool:
        return self.closed is None and self.decision is None

    @property
    def asks_approval(self) -> bool:
        """Whether it is about a plan; asked again about the same plan, it is `approval/2` and so on."""
        return self.gate_kind.partition("/")[0] == "approval"

    @property
    def approved_by(self) -> tuple[str, ...]:
        """The persons who approved, in the order in which they did."""
        last = [self.decision] if self.decision and self.decision.kind is DecisionKind.APPROVED else []
        return tuple(dict.fromkeys(one.by for one in (*self.approvals, *last)))

    def was_said(self, kind: DecisionKind, by: str) -> bool:
        """Whether this person gave this answer before."""
        is_decided = self.decision is not None and (self.decision.kind, self.decision.by) == (kind, by)
        return is_decided or (kind is DecisionKind.APPROVED and by in self.approved_by)
