"""Series: the samples of a watch, put in order, paired and summed up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrate.models.sample import LATENCY_EDGES_MS, Sample, SampleState
from orchestrate.models.watch import Watch


@dataclass(frozen=True, slots=True)
class Totals:
    """What happened in one slot over several intervals."""

    requests: int
    errors: int
    database_errors: int
    buckets: tuple[int, ...]

    @property
    def error_share(self) -> float:
        return self.errors / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True)
class Series:
    """The samples of the new slot, and those of the old slot for the same moments; oldest first."""

    watch: Watch
    new: tuple[Sample, ...]  # every sample of the new slot, usable or not
    usable: tuple[Sample, ...]
    pairs: tuple[tuple[Sample, Sample], ...]  # usable samples of new and old with the same end

    @property
    def is_compared(self) -> bool:
        """Whether there is an old slot with traffic to compare with."""
        return self.watch.baseline is not None and 0 < self.watch.share < 100

    @property
    def takes_traffic(self) -> bool:
        return self.watch.share > 0

    def recent(self, seconds: float) -> tuple[Sample, ...]:
        """The usable samples of the newest `seconds`, counted back from the newest one."""
        if not self.usable:
            return ()
        start = self.usable[-1].at - seconds + self.watch.interval / 2
        return tuple(sample for sample in self.usable if sample.at >= start)

    def baseline_of(self, samples: Sequence[Sample]) -> Totals:
        """What the old slot did in the same intervals."""
        wanted = {sample.at for sample in samples}
        return totals([old for new, old in self.pairs if new.at in wanted])


def series(watch: Watch, samples: Sequence[Sample]) -> Series:
    """Sort out the samples of `watch`; two for the same slot and moment count once."""
    here = [sample for sample in samples if sample.component == watch.component]
    new = {sample.at: sample for sample in here if sample.slot == watch.slot}
    old = {sample.at: sample for sample in here if sample.slot == watch.baseline and _is_usable(sample)}
    ordered = tuple(new[at] for at in sorted(new))
    usable = tuple(sample for sample in ordered if _is_usable(sample))
    pairs = tuple((sample, old[sample.at]) for sample in usable if sample.at in old)
    return Series(watch=watch, new=ordered, usable=usable, pairs=pairs)


def totals(samples: Sequence[Sample]) -> Totals:
    """The sum of `samples`; the buckets of those that have them."""
    buckets = [sample.buckets for sample in samples if sample.buckets is not None]
    return Totals(
        requests=sum(sample.requests for sample in samples),
        errors=sum(sample.errors for sample in samples),
        database_errors=sum(sample.database_errors for sample in samples),
        buckets=tuple(sum(column) for column in zip(*buckets, strict=False)),
    )


def quantile(buckets: Sequence[int], share: float) -> float | None:
    """The latency in ms that `share` of the requests stay below; None when there were none.

    Interpolated within its bucket. What is slower than the last edge counts as the last edge.
    """
    whole = sum(buckets)
    if not whole:
        return None
    index, before = bucket_of(buckets, share)
    if index >= len(LATENCY_EDGES_MS):
        return float(LATENCY_EDGES_MS[-1])
    lower = LATENCY_EDGES_MS[index - 1] if index else 0
    inside = (share * whole - before) / buckets[index]
    return lower + inside * (LATENCY_EDGES_MS[index] - lower)


def slower_than(buckets: Sequence[int], ms: float) -> int:
    """How many requests certainly took longer than `ms`."""
    return sum(buckets[bisect_left(LATENCY_EDGES_MS, ms) + 1 :])


def bucket_of(buckets: Sequence[int], share: float) -> tuple[int, int]:
    """The bucket that holds the quantile, and how many requests are in those before it."""
    wanted, before = share * sum(buckets), 0
    for index, inside in enumerate(buckets):
        if inside and before + inside >= wanted:
            return index, before
        before += inside
    return len(buckets) - 1, before


def _is_usable(sample: Sample) -> bool:
    return sample.state is SampleState.OK
