"""Comparison: the new slot against the old one, in errors and in slow requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrate.analysis.evidence import (
    TOLERATED,
    Pair,
    Tally,
    constant,
    evidence,
    tally,
    warming,
)
from orchestrate.analysis.series import Series, bucket_of
from orchestrate.analysis.words import Trigger, chance, count, percent, times
from orchestrate.models.environment import Triggers
from orchestrate.models.sample import LATENCY_EDGES_MS, Sample

COLD_START = 90.0  # seconds in which latency says more about cold caches than about the code
SETTLING = 30.0  # seconds in which the tolerated error ratio falls to a third of its surplus
QUANTILES = (0.5, 0.9, 0.99)  # of the old slot: what is clearly above them is slow
SLACK = 1  # buckets (about 30 %) above: two answers on either side of one edge are not a regression
ENOUGH_FOR_EDGES = 200  # requests of the old slot before its quantiles are believed
CATASTROPHE = 0.2  # share of failed requests that is not waited out
OF_ALARMS = {Trigger.COMPARISON: 0.4, Trigger.SLOW_REQUESTS: 0.4, Trigger.ERROR_BURST: 0.2}
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


def differences(found: Series, triggers: Triggers) -> tuple[Difference, ...]:
    """The evidence in errors, and in slow requests where latency was measured."""
    return (_in_errors(found, triggers), *_in_slow_requests(found, triggers))


def is_worse(difference: Difference, triggers: Triggers) -> bool:
    """Whether the evidence suffices for a rollback, on at least the declared number of requests."""
    sums = difference.counted
    enough = min(sums.requests_new, sums.requests_old) >= triggers.minimum_requests
    return enough and difference.evidence >= _needed(difference.trigger, triggers)


def catastrophe(found: Series, triggers: Triggers) -> Difference | None:
    """A fifth or more of the newest requests fail, and not those to the old slot: at once, cold or not."""
    pairs = _errors(found.pairs)
    newest = tally(pairs[-3:])
    if newest.hits_new < CATASTROPHE * max(1, newest.requests_new):
        return None
    value = evidence(pairs, constant, _looks(found))
    if value < _needed(Trigger.ERROR_BURST, triggers):
        return None
    return Difference(Trigger.ERROR_BURST, value, newest, "failed")


def _needed(trigger: Trigger, triggers: Triggers) -> float:
    return 10_000 / (triggers.false_alarms * OF_ALARMS[trigger])


def _in_errors(found: Series, triggers: Triggers) -> Difference:
    pairs = _errors(found.pairs)
    settling = min(SETTLING, _length(found) / 12)
    value = evidence(pairs, warming(found.watch.opened_at, max(1.0, settling)), _looks(found))
    return Difference(Trigger.COMPARISON, value, _telling(pairs, triggers), "failed")


def _in_slow_requests(found: Series, triggers: Triggers) -> tuple[Difference, ...]:
    """The average of the e-values for each quantile, which is an e-value again."""
    warm = found.watch.opened_at + min(COLD_START, _length(found) / 4)
    measured = [pair for pair in found.pairs if all(_has_latency(sample) for sample in pair)]
    if not measured:
        return ()
    values = [_slow_evidence(found, measured, warm, share) for share in QUANTILES]
    best = max(range(len(QUANTILES)), key=lambda index: values[index])
    edge = _edges(measured, QUANTILES[best])[-1]
    pairs = [_slow(new, old, edge) for new, old in measured if edge is not None and new.at > warm]
    what = f"took longer than {count(LATENCY_EDGES_MS[edge or 0])} ms"
    mean = sum(values) / len(values)
    return (Difference(Trigger.SLOW_REQUESTS, mean, _telling(pairs, triggers), what),)


def _slow_evidence(
    found: Series, measured: Sequence[tuple[Sample, Sample]], warm: float, share: float
) -> float:
    edges = _edges(measured, share)
    pairs = [
        _slow(new, old, edge)
        for (new, old), edge in zip(measured, edges[:-1], strict=True)
        if edge is not None and new.at > warm
    ]
    return evidence(pairs, constant, _looks(found))


def _edges(measured: Sequence[tuple[Sample, Sample]], share: float) -> list[int | None]:
    """The bucket of the old slot's quantile as known *before* each interval, and after the last one.

    An edge chosen from the interval it judges would be a bet made after the race.
    """
    known = [0] * (len(LATENCY_EDGES_MS) + 1)
    found: list[int | None] = []
    for _, old in measured:
        found.append(_edge(known, share))
        for index, inside in enumerate(old.buckets or ()):
            known[index] += inside
    return [*found, _edge(known, share)]


def _edge(known: Sequence[int], share: float) -> int | None:
    if sum(known) < ENOUGH_FOR_EDGES:
        return None
    return min(bucket_of(known, share)[0] + SLACK, len(LATENCY_EDGES_MS) - 1)


def _has_latency(sample: Sample) -> bool:
    return sample.buckets is not None and len(sample.buckets) == len(LATENCY_EDGES_MS) + 1


def _slow(new: Sample, old: Sample, edge: int) -> Pair:
    fast_new, fast_old = new.buckets or (), old.buckets or ()
    return Pair(new.at, sum(fast_new), sum(fast_old), sum(fast_new[edge + 1 :]), sum(fast_old[edge + 1 :]))


def _errors(pairs: Sequence[tuple[Sample, Sample]]) -> list[Pair]:
    return [Pair(new.at, new.requests, old.requests, new.errors, old.errors) for new, old in pairs]


def _telling(pairs: Sequence[Pair], triggers: Triggers) -> Tally:
    """The counts of the whole watch, or of its newest part where a late start would be averaged away."""
    whole = tally(pairs)
    if not pairs or whole.ratio >= 2 * TOLERATED:
        return whole
    newest = tally([pair for pair in pairs if pair.at > pairs[-1].at - triggers.window])
    enough = min(newest.requests_new, newest.requests_old) >= triggers.minimum_requests
    return newest if enough and newest.ratio > whole.ratio else whole


def _length(found: Series) -> float:
    return max(1.0, found.watch.until - found.watch.opened_at)


def _looks(found: Series) -> int:
    return max(1, round(_length(found) / found.watch.interval))
