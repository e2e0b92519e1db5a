"""Comparison: the new slot against the old one, in errors and in slow requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, log

from orchestrate.analysis.allowance import allowance
from orchestrate.analysis.evidence import (
    RATIOS,
    TOLERATED,
    Pair,
    Tally,
    Wager,
    constant,
    over_hours,
    rare_gains,
    tally,
)
from orchestrate.analysis.exclusion import Exclusion
from orchestrate.analysis.latency import SlowRequests, slow
from orchestrate.analysis.series import Edges
from orchestrate.analysis.unlike import unlike
from orchestrate.analysis.words import Trigger, amount, chance, count, percent, times
from orchestrate.models.environment import Triggers
from orchestrate.models.sample import Sample
from orchestrate.models.watch import Watch

CATASTROPHE = 0.2  # share of failed requests that is not waited out
PARTS = 5  # of a window, each of which must be worse than the hours before
WARM = 1.001  # times the plain tolerance: no cold start is left
NEWEST = 3  # intervals that a catastrophe is seen in
OF_ALARMS = {Trigger.COMPARISON: 0.6, Trigger.SLOW_REQUESTS: 0.1, Trigger.ERROR_BURST: 0.3}
"""How the allowed chance of a false alarm is divided; together they spend it once."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How sure the comparison is that the new slot does worse, and in what."""

    trigger: Trigger
    evidence: float
    counted: Tally
    what: str  # "failed", "took longer than 400 ms"

    def sentence(self, new: str, old: str) -> str:
        sums = self.counted
        return (
            f"{percent(sums.hits_new, sums.requests_new)} of {count(sums.requests_new)} requests to {new}"
            f" {self.what} against {percent(sums.hits_old, sums.requests_old)} of"
            f" {count(sums.requests_old)} to {old}: {times(sums.ratio)} as many;"
            f" chance of this by luck {chance(self.evidence)}"
        )

    def numbers(self) -> dict[str, float]:
        sums = self.counted
        return {
            "e_value": self.evidence,
            "ratio": sums.ratio,
            "requests_new": sums.requests_new,
            "requests_old": sums.requests_old,
            "bad_new": sums.hits_new,
            "bad_old": sums.hits_old,
            "rate_new": sums.hits_new / max(1, sums.requests_new),
            "rate_old": sums.hits_old / max(1, sums.requests_old),
        }


def needed(trigger: Trigger, triggers: Triggers) -> float:
    """The e-value that is enough for a rollback."""
    return 10_000 / (triggers.false_alarms * OF_ALARMS[trigger])


class Comparison:
    """The evidence so far, from one pair of samples after another; what was once found stays found."""

    def __init__(self, watch: Watch, triggers: Triggers, edges: Edges, *, is_over_time: bool = False) -> None:
        """`is_over_time` where the old side is of the hours before."""
        length = max(1.0, watch.until - watch.opened_at)
        looks = max(1, round(length / watch.interval))
        self._triggers, self._edges, self._interval = triggers, edges, watch.interval
        self._minimum = triggers.minimum_requests
        self._dispersion = max(1.0, watch.prior.dispersion)
        self._pairs: list[tuple[Sample, Sample]] = []
        self._errors: list[Pair] = []
        self._requests = [0, 0]
        self._sudden, self._lasting = Wager(len(RATIOS), looks), Wager(len(RATIOS), looks)
        usual = unlike(watch.prior, watch.interval)
        self._slow = SlowRequests(edges, looks, watch.prior.buckets, usual, least=int(is_over_time))
        self._is_over_time, self._plain = is_over_time, over_hours if is_over_time else constant
        self.allowance = allowance(watch, triggers)
        self._tolerated, self._warm_at = self.allowance.applied(watch, self._plain)
        harm = triggers.smallest_harm
        self._exclusion = Exclusion(harm, watch.prior) if harm else None
        self._has_latency, self._slow.is_counted = False, bool(harm)
        self.worse: Difference | None = None

    @property
    def evidence(self) -> dict[Trigger, float]:
        """The e-values at the newest look."""
        found = {Trigger.COMPARISON: self._lasting.value, Trigger.SLOW_REQUESTS: self._slow.value}
        return found if self._errors else {}

    @property
    def numbers(self) -> dict[str, float]:
        """The e-values, and what a cold slot was allowed; nothing before anything was compared."""
        found = {f"e_value_{trigger.value}": value for trigger, value in self.evidence.items()}
        return {**found, **self.allowance.numbers} if found else {}

    @property
    def is_harm_excluded(self) -> bool:
        """Whether the declared smallest harm, and plainly slower answers, would have shown by now."""
        if self._exclusion is None or self.worse is not None or min(self._requests) < self._minimum:
            return False
        certain = log(10_000 / self._triggers.false_alarms)
        least = min(self._exclusion.value, self._slow.against) if self._has_latency else self._exclusion.value
        return least >= certain

    def take(self, new: Sample, old: Sample) -> None:
        """One interval in both slots."""
        pair = Pair(new.at, new.requests, old.requests, new.errors, old.errors)
        self._pairs.append((new, old))
        self._errors.append(pair)
        self._requests[0] += new.requests
        self._requests[1] += old.requests
        self._bet_on_errors(pair)
        if _has_latency(new, self._edges) and _has_latency(old, self._edges):
            self._has_latency = True
            self._slow.take(new.buckets or (), old.buckets or (), is_judged=new.at > self._warm_at)
        if self._exclusion is not None and new.at > self._warm_at:
            self._exclusion.take(pair)
        if self.worse is None:
            self.worse = self._catastrophe() or self._errors_differ() or self._slowness_differs()

    def _bet_on_errors(self, pair: Pair) -> None:
        plain, tolerated = self._plain(pair.at), self._tolerated(pair.at)
        gains = rare_gains(pair, plain, self._dispersion)
        self._sudden.take(gains)
        if tolerated > WARM * plain:
            gains = rare_gains(pair, tolerated, self._dispersion)
        self._lasting.take(gains)

    def _catastrophe(self) -> Difference | None:
        """A fifth or more of the newest requests fail, and not those to the old slot: cold or not."""
        if self._sudden.value < needed(Trigger.ERROR_BURST, self._triggers):
            return None
        newest = tally(self._errors[-NEWEST:])
        if newest.hits_new < CATASTROPHE * max(1, newest.requests_new):
            return None
        return Difference(Trigger.ERROR_BURST, self._sudden.value, newest, "failed")

    def _errors_differ(self) -> Difference | None:
        if not self._is_enough(Trigger.COMPARISON, self._lasting.value) or not self._lasts(self._errors):
            return None
        sums = self._telling(self._errors)
        return Difference(Trigger.COMPARISON, self._lasting.value, sums, "failed")

    def _slowness_differs(self) -> Difference | None:
        if not self._is_enough(Trigger.SLOW_REQUESTS, self._slow.value):
            return None
        measured = [(new.at, new.buckets or (), old.buckets or ()) for new, old in self._measured()]
        edge = self._slow.edge([(new, old) for _, new, old in measured])
        if edge is None:
            return None
        pairs = [slow(at, new, old, edge) for at, new, old in measured]
        if not self._lasts(pairs):
            return None
        sums = self._telling(pairs)
        what = f"took longer than {amount(self._edges[edge])} ms"
        return Difference(Trigger.SLOW_REQUESTS, self._slow.value, sums, what)

    def _lasts(self, pairs: list[Pair]) -> bool:
        """Whether every part of the newest window is worse than the hours before: an incident passes.

        Beside an old slot in the same minutes it need not last: an incident would be that one's, too.
        """
        if not self._is_over_time:
            return True
        looks = max(1, round(self._triggers.window / self._interval))
        if len(pairs) < looks:
            return False
        old, width = tally(pairs), ceil(looks / PARTS)
        for start in range(len(pairs) - looks, len(pairs), width):
            new = tally(pairs[start : start + width])
            part = Tally(new.requests_new, old.requests_old, new.hits_new, old.hits_old)
            if part.ratio <= TOLERATED:
                return False
        return True

    def _measured(self) -> Iterator[tuple[Sample, Sample]]:
        """The pairs whose latency is judged."""
        for new, old in self._pairs:
            if new.at > self._warm_at and _has_latency(new, self._edges) and _has_latency(old, self._edges):
                yield new, old

    def _is_enough(self, trigger: Trigger, evidence: float) -> bool:
        """Whether it suffices for a rollback, on at least the declared number of requests."""
        return evidence >= needed(trigger, self._triggers) and min(self._requests) >= self._minimum

    def _telling(self, pairs: list[Pair]) -> Tally:
        """The counts of the whole watch, or of its newest part where a late start would be averaged away."""
        whole = tally(pairs)
        if not pairs or whole.ratio >= 2 * TOLERATED:
            return whole
        newest = tally(pair for pair in pairs if pair.at > pairs[-1].at - self._triggers.window)
        enough = min(newest.requests_new, newest.requests_old) >= self._minimum
        return newest if enough and newest.ratio > whole.ratio else whole


def _has_latency(sample: Sample, edges: Edges) -> bool:
    return sample.buckets is not None and len(sample.buckets) == len(edges) + 1
