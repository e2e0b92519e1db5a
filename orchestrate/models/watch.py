"""Watches: which slots are being measured, how often, and what was judged."""

from __future__ import annotations

from orchestrate.models.fact import Fact
from orchestrate.models.sample import Counters, Judgement, Verdict


class Watch(Fact):
    """One slot of one component under observation; times are epoch seconds."""

    id: str  # deployment:index of the move
    deployment: str
    environment: str
    component: str
    slot: str
    baseline: str | None = None  # the slot it is compared with
    opened_at: float
    until: float
    interval: int  # seconds between samples
    share: int  # percent of the traffic that the slot has meanwhile
    final: bool = False
    judgement: Judgement | None = None
    extended: bool = False
    closed_at: float | None = None
    next_at: float  # when the next sample is due
    totals: dict[str, Counters] = {}  # what each slot's counters were at the last sample

    @property
    def is_bad(self) -> bool:
        """Whether there is a verdict against the release."""
        return self.judgement is not None and self.judgement.verdict is Verdict.FAIL
