"""Series: the samples of a watch, put in order, paired and summed up."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import sub
from typing import NamedTuple

from orchestrate.models.environment import Triggers
from orchestrate.models.sample import LATENCY_EDGES_MS, Sample, SampleState
from orchestrate.models.watch import Watch

Edges = Sequence[float]  # upper edges of the latency histogram in ms; one more bucket holds what is slower


class Counted(NamedTuple):
    """What happened in one slot over several intervals, without its latencies."""

    requests: int
    errors: int
    database_errors: int
    measured: int  # requests whose latency is known
    slow: int  # of those, in the buckets above the latency that is allowed

    @property
    def error_share(self) -> float:
        return self.errors / self.requests if self.requests else 0.0


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


class Series:
    """The samples of the new slot, and those of the old slot for the same moments; oldest first.

    It takes one moment after another, and gives the sums of any stretch without adding all of it again.
    """

    def __init__(self, watch: Watch, triggers: Triggers, edges: Edges = LATENCY_EDGES_MS) -> None:
        self.watch = watch
        self.edges = edges
        self.new: list[Sample] = []  # every sample of the new slot, usable or not
        self.usable: list[Sample] = []
        self.paired: list[Sample | None] = []  # the old slot's usable sample for each usable one
        self.restarted: list[Sample] = []  # samples with restarts
        self.sickest = 0  # most failed health checks in a row
        self._sick = 0
        self._ats: list[float] = []
        self._sums, self._old_sums = [NOTHING], [NOTHING]
        self._slow_from = bisect_right(edges, triggers.response_time_p99)

    @property
    def is_compared(self) -> bool:
        """Whether there is an old slot with traffic to compare with."""
        return self.watch.baseline is not None and 0 < self.watch.share < 100

    @property
    def takes_traffic(self) -> bool:
        return self.watch.share > 0

    @property
    def pairs(self) -> Iterator[tuple[Sample, Sample]]:
        """Usable samples of new and old with the same end."""
        return ((new, old) for new, old in zip(self.usable, self.paired, strict=True) if old is not None)

    def take(self, new: Sample, old: Sample | None) -> None:
        """The next moment; `old` where the old slot has a usable sample of it."""
        self.new.append(new)
        if new.restarts:
            self.restarted.append(new)
        if (well := is_well(new)) is not None:
            self._sick = 0 if well else self._sick + 1
            self.sickest = max(self.sickest, self._sick)
        if new.state is not SampleState.OK:
            return
        self.usable.append(new)
        self.paired.append(old)
        self._ats.append(new.at)
        self._sums.append(self._after(self._sums[-1], new))
        self._old_sums.append(self._old_sums[-1] if old is None else self._after(self._old_sums[-1], old))

    def recent(self, seconds: float) -> Stretch:
        """The usable samples of the newest `seconds`, counted back from the newest one."""
        if not self._ats:
            return Stretch(self, 0, 0)
        start = self._ats[-1] - seconds + self.watch.interval / 2
        return Stretch(self, bisect_left(self._ats, start), len(self._ats))

    def whole(self) -> Stretch:
        """All usable samples."""
        return Stretch(self, 0, len(self._ats))

    def counted(self, first: int, after: int) -> Counted:
        """The new slot's sums of the usable samples from `first` up to, not with, `after`."""
        return Counted(*map(sub, self._sums[after], self._sums[first]))

    def counted_old(self, first: int, after: int) -> Counted:
        """The old slot's sums in the same moments."""
        return Counted(*map(sub, self._old_sums[after], self._old_sums[first]))

    def _after(self, before: Counted, sample: Sample) -> Counted:
        requests, errors, database_errors, measured, slow = before
        buckets = sample.buckets or ()
        return Counted(
            requests + sample.requests,
            errors + sample.errors,
            database_errors + sample.database_errors,
            measured + sum(buckets),
            slow + sum(buckets[self._slow_from :]),
        )


NOTHING = Counted(0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Usable samples in a row."""

    of: Series
    first: int
    after: int

    def __bool__(self) -> bool:
        return self.after > self.first

    @property
    def samples(self) -> Sequence[Sample]:
        return self.of.usable[self.first : self.after]

    @property
    def sums(self) -> Counted:
        """What the new slot did."""
        return self.of.counted(self.first, self.after)

    @property
    def old(self) -> Counted:
        """What the old slot did in the same intervals."""
        return self.of.counted_old(self.first, self.after)

    @property
    def buckets(self) -> tuple[int, ...]:
        return totals(self.samples).buckets

    @property
    def old_buckets(self) -> tuple[int, ...]:
        return totals([old for old in self.of.paired[self.first : self.after] if old is not None]).buckets

    def quantile(self, share: float) -> float | None:
        """The latency in ms that `share` of the new slot's requests stay below."""
        return quantile(self.buckets, share, self.of.edges)

    def old_quantile(self, share: float) -> float | None:
        return quantile(self.old_buckets, share, self.of.edges)


def moments(watch: Watch, samples: Sequence[Sample]) -> Iterator[tuple[Sample, Sample | None]]:
    """The samples of `watch` in order, each with the old slot's usable one; two of one moment count once."""
    here = [sample for sample in samples if sample.component == watch.component]
    new = {sample.at: sample for sample in here if sample.slot == watch.slot}
    old = {sample.at: sample for sample in here if sample.slot == watch.baseline and _is_usable(sample)}
    return ((new[at], old.get(at)) for at in sorted(new))


def totals(samples: Sequence[Sample]) -> Totals:
    """The sum of `samples`; the buckets of those that have them."""
    buckets = [sample.buckets for sample in samples if sample.buckets is not None]
    return Totals(
        requests=sum(sample.requests for sample in samples),
        errors=sum(sample.errors for sample in samples),
        database_errors=sum(sample.database_errors for sample in samples),
        buckets=tuple(sum(column) for column in zip(*buckets, strict=False)),
    )


def quantile(buckets: Sequence[int], share: float, edges: Edges = LATENCY_EDGES_MS) -> float | None:
    """The latency in ms that `share` of the requests stay below; None when there were none.

    Interpolated within its bucket. What is slower than the last edge counts as the last edge.
    """
    whole = sum(buckets)
    if not whole:
        return None
    index, before = bucket_of(buckets, share)
    if index >= len(edges):
        return float(edges[-1])
    lower = edges[index - 1] if index else 0
    inside = (share * whole - before) / buckets[index]
    return lower + inside * (edges[index] - lower)


def slower_than(buckets: Sequence[int], ms: float, edges: Edges = LATENCY_EDGES_MS) -> int:
    """How many requests certainly took longer than `ms`."""
    return sum(buckets[bisect_left(edges, ms) + 1 :])


def bucket_of(buckets: Sequence[int], share: float) -> tuple[int, int]:
    """The bucket that holds the quantile, and how many requests are in those before it."""
    wanted, before = share * sum(buckets), 0
    for index, inside in enumerate(buckets):
        if inside and before + inside >= wanted:
            return index, before
        before += inside
    return len(buckets) - 1, before


def is_well(sample: Sample) -> bool | None:
    """Whether the new slot answered its health check; None when it was not asked."""
    if sample.state is SampleState.NO_INSTANCE:
        return False
    return sample.healthy


def _is_usable(sample: Sample) -> bool:
    return sample.state is SampleState.OK
