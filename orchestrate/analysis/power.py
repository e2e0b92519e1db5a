"""Power: the smallest harm that a watch can see with this much traffic in this time, before it begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, log, sqrt

from orchestrate.analysis.comparison import needed
from orchestrate.analysis.evidence import FROM_THE_START, LOGS, RATIOS, TOLERATED
from orchestrate.analysis.latency import SHIFTS, WAYS
from orchestrate.analysis.series import quantile
from orchestrate.analysis.unlike import unlike
from orchestrate.analysis.words import Trigger, count, percent, span
from orchestrate.models.environment import CanaryStep, Triggers
from orchestrate.models.watch import Prior

NORMAL_P99 = 2.326  # standard deviations between the median and the p99 of (log-normal) latencies
HALVINGS = 40
NOTABLE = 100
"""More errors (hundredths of a percent) whose price is told where no smallest harm is declared."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """What one step of a canary would see; None where nothing would be enough."""

    step: CanaryStep
    requests: float  # to the new slot
    usual: float  # share of requests that fail
    errors: float | None  # share that would be seen
    slower: float | None  # so many times the latency, of all requests
    harm: float  # share of more errors that people ask for
    takes: float | None  # requests to the new slot that show it
    pace: float  # of those in a second

    @property
    def sentence(self) -> str:
        """In words for people."""
        share = f"{self.step.share} % of the traffic for {span(self.step.seconds)}"
        seen = f"{share} ({count(self.requests)} requests)"
        if self.errors is None:
            return f"{seen} are too few to see any harm: make the step longer or its share larger{self.price}"
        slower = f", or all answers {self.slower:.2g} times as slow" if self.slower else ""
        errors = f"{percent(self.errors, 1)} of errors instead of {percent(self.usual, 1)}"
        return f"{seen} show {errors}{slower}; less is not seen{self.price}"

    @property
    def price(self) -> str:
        """How much traffic the harm that people ask for takes, where this step has too little, or ''."""
        if self.errors is not None and self.errors <= self.usual + self.harm:
            return ""
        harm = f"; {percent(self.harm, 1)} more errors"
        if self.takes is None:
            return f"{harm} are too few to be told from luck with any traffic"
        return f"{harm} take {count(self.takes)} requests, {span(self.takes / self.pace)} of this share"


def foresight(step: CanaryStep, known: Prior, triggers: Triggers) -> Foresight | None:
    """What `step` sees with the traffic of the hours before; None when that is not known.

    The expected evidence, not its luck: half of the canaries with just this harm are seen by the end.
    """
    if not known.requests or not known.seconds or not 0 < step.share < 100:
        return None
    whole = known.requests / known.seconds * step.seconds
    new = whole * step.share / 100
    usual = max(known.errors, 0.5) / known.requests
    times = None
    if new >= triggers.minimum_requests:
        times = _least(
            lambda ratio: _expected(ratio, new, whole - new, usual) / known.dispersion, triggers, usual
        )
    slower = _slower(new, whole - new, step.seconds, known, triggers) if times else None
    harm = (triggers.smallest_harm or NOTABLE) / 10_000
    takes = _takes(1 + harm / usual, step.share / 100, usual, known.dispersion, triggers)
    pace = known.requests / known.seconds * step.share / 100
    return Foresight(step, new, usual, times and min(1.0, times * usual), slower, harm, takes, pace)


def _takes(ratio: float, share: float, usual: float, dispersion: float, triggers: Triggers) -> float | None:
    """Requests to the new slot whose expected evidence is enough: it grows in step with them."""
    each = _expected(ratio, 1, (1 - share) / share, usual) / dispersion if ratio > TOLERATED else 0.0
    if each <= 0:
        return None
    least = triggers.minimum_requests * max(1.0, share / (1 - share))
    return max(least, _wanted(triggers) / each)


def _wanted(triggers: Triggers) -> float:
    """The logarithm of the evidence that is enough, with the stake on one alternative from the start."""
    return log(needed(Trigger.COMPARISON, triggers) * len(RATIOS) / FROM_THE_START)


def _least(evidence: Callable[[float], float], triggers: Triggers, usual: float) -> float | None:
    """The smallest ratio whose expected evidence is enough: it grows with the ratio."""
    wanted = _wanted(triggers)
    low, high = TOLERATED, 1 / usual
    if high <= low or evidence(high) < wanted:
        return None
    for _ in range(HALVINGS):
        middle = sqrt(low * high)
        low, high = (low, middle) if evidence(middle) >= wanted else (middle, high)
    return high


def _expected(ratio: float, new: float, old: float, usual: float) -> float:
    """The mean logarithm of the best bet, when the new slot fails `ratio` times as often."""
    bad, hits = new * usual * ratio, usual * (new * ratio + old)
    scaled = TOLERATED * new
    return max(
        bad * logarithm + hits * log((scaled + old) / (times * scaled + old))
        for times, logarithm in zip(RATIOS, LOGS, strict=True)
    )


def _slower(new: float, old: float, seconds: float, known: Prior, triggers: Triggers) -> float | None:
    """Two normal samples a shift of s apart: their evidence is s²/2 over the sum of 1/size."""
    median, far = quantile(known.buckets, 0.5), quantile(known.buckets, 0.99)
    if not median or not far or far <= median:
        return None
    wanted = log(needed(Trigger.SLOW_REQUESTS, triggers) * WAYS / FROM_THE_START)
    wanted *= unlike(known, seconds).all(new, old)
    shift = max(SHIFTS[0], sqrt(2 * wanted * (1 / new + (1 / old if old else inf))))
    return exp(shift * log(far / median) / NORMAL_P99)
