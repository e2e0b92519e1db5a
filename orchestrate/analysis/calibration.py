"""Calibration: what the hours before say about how much equal instances differ by themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from orchestrate.models.sample import Sample, SampleState
from orchestrate.models.watch import Prior

BLOCK = 300.0  # seconds that are counted together: noise that lasts for minutes shows in them
DOUBT = 10  # so many counts of a dispersion of 1 are believed before any are seen
EXPECTED = 1.0  # errors of an instance in a block, below which its count says nothing

Counts = Mapping[str, tuple[int, int]]  # instance → requests, errors


def prior(samples: Sequence[Sample]) -> Prior:
    """What usable `samples` of one version say: its latencies, and how unlike its instances are.

    The dispersion is Pearson's: the mean of (counted − expected)² / expected, where the expected errors of
    an instance are its share of the block's. 1 is luck alone; the evidence is divided by it
    (McCullagh & Nelder, Generalized Linear Models, 4.5: quasi-likelihood).
    """
    usable = [sample for sample in samples if sample.state is SampleState.OK]
    squares, freedom = 0.0, 0
    for block in _blocks(usable):
        more, degrees = _scatter(block)
        squares, freedom = squares + more, freedom + degrees
    dispersion = (squares + DOUBT) / (freedom + DOUBT)
    return Prior(buckets=_latencies(usable), dispersion=max(1.0, dispersion), blocks=freedom)


def _blocks(samples: Sequence[Sample]) -> Iterator[Counts]:
    """The counts of each instance in each block of time."""
    blocks: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for sample in samples:
        for name, (requests, errors) in sample.instances.items():
            sums = blocks[int(sample.at // BLOCK)][name]
            sums[0] += requests
            sums[1] += errors
    for block in blocks.values():
        yield {name: (requests, errors) for name, (requests, errors) in block.items()}


def _scatter(block: Counts) -> tuple[float, int]:
    """The sum of Pearson's squares in one block, and its degrees of freedom."""
    whole, bad = (sum(one[which] for one in block.values()) for which in (0, 1))
    told = [(errors, bad * requests / whole) for requests, errors in block.values() if whole and requests]
    told = [(errors, expected) for errors, expected in told if expected >= EXPECTED]
    if len(told) < 2:
        return 0.0, 0
    return sum((errors - expected) ** 2 / expected for errors, expected in told), len(told) - 1


def _latencies(samples: Sequence[Sample]) -> tuple[int, ...]:
    buckets = [sample.buckets for sample in samples if sample.buckets]
    size = len(buckets[-1]) if buckets else 0
    return tuple(map(sum, zip(*(one for one in buckets if len(one) == size), strict=True)))
