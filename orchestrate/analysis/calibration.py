"""Calibration: what the hours before say about how much equal instances differ by themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from math import sqrt
from statistics import NormalDist

from orchestrate.analysis.series import bucket_of
from orchestrate.models.sample import Part, Sample
from orchestrate.models.watch import Prior

BLOCK = 300.0  # seconds that are counted together: noise that lasts for minutes shows in them
DOUBT = 10  # so many counts with a dispersion of 1 are believed before any are seen; of periods, none
EXPECTED = 1.0  # hits of an instance in a block, below which its count says nothing
TENTH = NormalDist().inv_cdf(0.1)
LEAST_ROOT = 0.4  # with one or two counts the formula is of no use
SLOW = 0.9  # quantile of a slot beyond which its requests count as slow

Hits = Sequence[tuple[int, int]]  # of each instance: requests, and to how many of them it happened


def prior(samples: Iterable[Sample], seconds: float) -> Prior:
    """What `samples` of one version in so much time say: its latencies, and how unlike its instances are.

    They may be sums of neighbours; of those in which a reading is missing, what was counted is used.

    A dispersion is Pearson's: the mean of (counted − expected)² over what luck alone would give, where an
    instance's expected hits are its share of the block's. The evidence is divided by it: quasi-likelihood
    (McCullagh & Nelder, Generalized Linear Models, 4.5). It is known no better than so many counts tell it,
    and is given as `at_most` so much.
    """
    usable = [sample for sample in samples if sample.requests]
    blocks, edge = list(_blocks(usable)), decile(_latencies(usable))
    periods = list(_periods(usable, edge))
    drift, _ = _dispersion([[(one.requests, one.errors) for one in periods]], 0)
    drift_slow, told = _dispersion([[(one.requests, one.slow) for one in periods]], 0)
    errors, counts = _dispersion([(part.requests, part.errors) for part in block] for block in blocks)
    slow, counts_slow = _dispersion([(part.requests, part.slow) for part in block] for block in blocks)
    return Prior(
        seconds=seconds,
        requests=sum(sample.requests for sample in usable),
        errors=sum(sample.errors for sample in usable),
        buckets=_latencies(usable),
        dispersion=errors,
        dispersion_slow=slow,
        counts=counts,
        counts_slow=counts_slow,
        drift=drift,
        drift_slow=drift_slow,
        periods=told,
    )


def decile(buckets: Sequence[int] | None) -> int | None:
    """The bucket beyond which requests count as slow; None when nothing is known."""
    return bucket_of(buckets, SLOW)[0] if buckets and sum(buckets) else None


def _blocks(samples: Sequence[Sample]) -> Iterator[list[Part]]:
    """The sums of each instance in each block of time."""
    blocks: Mapping[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for sample in samples:
        block = blocks[int(sample.at // BLOCK)]
        for name, part in sample.instances.items():
            block[name] = [before + more for before, more in zip(block[name], part, strict=True)]
    for block in blocks.values():
        yield [Part(*sums) for sums in block.values()]


def _periods(samples: Sequence[Sample], edge: int | None) -> Iterator[Part]:
    """The sums of the slot in each block of time."""
    for _, several in groupby(samples, key=lambda sample: int(sample.at // BLOCK)):
        block = list(several)
        beyond = [sum((one.buckets or ())[edge + 1 :]) if edge is not None else 0 for one in block]
        yield Part(sum(one.requests for one in block), sum(one.errors for one in block), sum(beyond))


def _dispersion(blocks: Iterable[Hits], doubt: int = DOUBT) -> tuple[float, int]:
    """The mean square, at most, and how many counts it is of."""
    squares, freedom = 0.0, 0
    for block in blocks:
        requests, hits = (sum(one[which] for one in block) for which in (0, 1))
        share = hits / requests if requests else 0.0
        told = [one for one in block if share * one[0] >= EXPECTED]
        if len(told) < 2 or share >= 1:
            continue
        squares += sum((had - share * of) ** 2 / (share * (1 - share) * of) for of, had in told)
        freedom += len(told) - 1
    return at_most((squares + doubt) / max(1, freedom + doubt), freedom + doubt), freedom


def at_most(dispersion: float, freedom: int) -> float:
    """At least 1: what is above luck alone, as large as one in ten would have measured no more of.

    With so many counts, by the cube root of chi-squared (Wilson & Hilferty, PNAS 17, 684, 1931).
    """
    if freedom < 1 or dispersion <= 1:
        return 1.0
    least = 1 - 2 / (9 * freedom) + TENTH * sqrt(2 / (9 * freedom))
    return 1 + (dispersion - 1) / max(least, LEAST_ROOT) ** 3


def _latencies(samples: Sequence[Sample]) -> tuple[int, ...]:
    buckets = [sample.buckets for sample in samples if sample.buckets]
    size = len(buckets[-1]) if buckets else 0
    return tuple(map(sum, zip(*(one for one in buckets if len(one) == size), strict=True)))
