"""Questions: what a deployment asks people, and what became of it."""

from __future__ import annotations

from orchestrate.models.deployment import Decision
from orchestrate.models.fact import Fact


class Question(Fact):
    """A gate that waits for one person's answer; times are epoch seconds."""

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
    decision: Decision | None = None
    closed: str | None = None  # why it can no longer be answered
    consumed_at: float | None = None  # when the first change used the approval

    @property
    def is_open(self) -> bool:
        return self.closed is None and self.decision is None
