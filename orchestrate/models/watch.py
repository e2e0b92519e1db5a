"""Watches: which slots are being measured, how often, and what was judged."""

from __future__ import annotations

from orchestrate.models.fact import Fact
from orchestrate.models.sample import Counters, Judgement, Verdict

WARM_UP_STEP = 20.0  # seconds


class WarmUp(Fact):
    """How the releases before began: what their new instances were allowed, if they were as these were."""

    releases: int  # that say so
    seconds: float  # until they were as usual
    times: tuple[float, ...] = ()  # so many times the usual errors, in each step of age; then as usual


class Prior(Fact):
    """What was known when a watch began of the version before, from the hours before."""

    seconds: float = 0.0  # how long that was
    requests: int = 0
    errors: int = 0
    buckets: tuple[int, ...] = ()  # its latencies: what is slow for it
    dispersion: float = 1.0  # variance of errors among its instances, over what luck alone would give
    dispersion_slow: float = 1.0  # the same of slow requests
    counts: int = 0  # of instances in five minutes that say so of errors
    counts_slow: int = 0  # the same of slow requests
    drift: float = 1.0  # the same of the whole slot's errors from five minutes to five minutes
    drift_slow: float = 1.0
    periods: int = 0  # of five minutes that say so of slow requests, less one
    warm_since: float | None = None  # when the new slot began to serve, where that is before the watch
    warm_up: WarmUp | None = None  # what was learned of a cold start, where enough was


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
    prior: Prior = Prior()
    totals: dict[str, Counters] = {}  # what each slot's counters were at the last sample

    @property
    def is_bad(self) -> bool:
        """Whether there is a verdict against the release."""
        return self.judgement is not None and self.judgement.verdict is Verdict.FAIL

    @property
    def is_proven(self) -> bool:
        """Whether a step needs no more time: the declared harm would have shown."""
        is_good = self.judgement is not None and self.judgement.verdict is Verdict.PASS
        return is_good and not self.final
