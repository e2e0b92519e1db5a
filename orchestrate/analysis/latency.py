"""Latency: whether requests to the new slot are slower, in the middle or far out in the tail.

The old slot's own quantiles divide all latencies into a few classes, so that the unit plays no part. In each
interval the classes of both slots are compared with what several ways of being slower would give (all
requests, or only the slow tenth), against the best account in which both slots are the same. That ratio is
fair whatever the common distribution is (Turner, Ly & Grünwald, arXiv 2106.02693, for any alphabet).
Less than half of the smallest of these ways counts as no difference: that is the tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, log, log1p, sqrt
from statistics import NormalDist

from orchestrate.analysis.evidence import STEEPEST, Pair, Wager
from orchestrate.analysis.series import Edges
from orchestrate.analysis.unlike import DECILE, Unlike

QUANTILES = (0.5, 0.75, 0.9, 0.97, 0.99, 0.997, 0.9995)
SHIFTS = (0.16, 0.45, 1.2)
"""All requests are slower, by so many standard deviations of (normal scores of) the old slot's latency."""

STRETCHES = (1.18, 1.5, 2.5)
"""The slowest tenth is slower: its distance from the ninth decile, in normal scores, grows so many times."""

ENOUGH = 200  # requests of the old slot before its quantiles are believed
GROWN = 1.3  # they are looked up anew when so many times as many requests are known
CONCENTRATED = 0.85  # share of the tail in one bucket, from which its edge is a matter of chance

ALIKE = Unlike()

Way = tuple[tuple[float, float], ...]  # by what part of it a share grows, and log(1 + that)
WAYS = len(SHIFTS) + len(STRETCHES)


class SlowRequests:
    """The evidence that requests to the new slot are slower, from one interval after another."""

    def __init__(
        self, edges: Edges, looks: int, known: Sequence[int] = (), unlike: Unlike = ALIKE, least: int = 0
    ) -> None:
        """`known` are the latencies from before; the mildest `least` ways of being slower are tolerated."""
        self._size = len(edges) + 1
        self._known = list(known) if len(known) == self._size else [0] * self._size
        self._news: list[Sequence[int]] = []  # intervals that are not among those yet
        self._requests = sum(self._known)
        self._placed_at = 0
        self._unlike = unlike
        self._last: tuple[int, ...] = ()  # the last bucket of each class but the slowest
        self._ways: tuple[Way, ...] = ()  # per class
        self._least = least
        self.is_counted = False  # whether somebody asks for the evidence against slower answers
        self._sums = [0.0] * (WAYS - 2 * least)  # logarithms of the likelihood ratios so far
        self._wager = Wager(WAYS - 2 * least, looks)

    @property
    def value(self) -> float:
        return self._wager.value

    @property
    def against(self) -> float:
        """The evidence (as a logarithm) against every way of being slower but the mildest."""
        half, mildest = len(self._sums) // 2, 1 - self._least
        return -max(*self._sums[mildest:half], *self._sums[half + mildest :])

    def take(self, new: Sequence[int], old: Sequence[int], *, is_judged: bool) -> None:
        """One interval: bets with what was known before it, and learns from the old slot's part of it."""
        if self._requests >= ENOUGH and self._requests >= GROWN * self._placed_at:
            self._place()
        if is_judged:
            self._wager.take(self._gains(new, old))
        self._news.append(old)
        self._requests += sum(old)

    def edge(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> int | None:
        """The bucket beyond which new and old differ most; None before any is known."""
        new, old = ([sum(column) for column in zip(*one, strict=True)] for one in zip(*pairs, strict=True))
        return max(self._last, key=lambda edge: _score(slow(0, new, old, edge)), default=None)

    def _gains(self, new: Sequence[int], old: Sequence[int]) -> list[float] | None:
        requests_new, requests_old = sum(new), sum(old)
        if not self._ways or not requests_new or not requests_old:
            return None
        part = requests_new / (requests_new + requests_old)
        gains = [0.0] * (WAYS - 2 * self._least)
        classes = zip(_classes(new, self._last), _classes(old, self._last), self._ways, strict=True)
        for here, there, ways in classes:
            if both := here + there:
                gains = [
                    gain + here * logarithm - both * log1p(part * more)
                    for gain, (more, logarithm) in zip(gains, ways, strict=True)
                ]
        half = WAYS // 2 - self._least
        everywhere = self._unlike.all(requests_new, requests_old)
        far_out = self._unlike.tail(requests_new, requests_old)
        gains = [gain / (everywhere if way < half else far_out) for way, gain in enumerate(gains)]
        if self.is_counted:
            self._sums = [before + gain for before, gain in zip(self._sums, gains, strict=True)]
        return [exp(min(STEEPEST, gain)) for gain in gains]

    def _place(self) -> None:
        """Look the quantiles up; an edge chosen from the interval it judges would be a bet after the race."""
        self._placed_at = self._requests
        self._known = [sum(column) for column in zip(self._known, *self._news, strict=True)]
        self._news.clear()
        self._last = tuple(sorted(set(self._edges())))
        classes = [inside + 0.5 for inside in _classes(self._known, self._last)]
        whole = sum(classes)
        shares = [inside / whole for inside in classes]
        ways = [_way(shares, shift, 1.0) for shift in SHIFTS[self._least :]]
        ways += [_way(shares, 0.0, stretch) for stretch in STRETCHES[self._least :]]
        self._ways = tuple(zip(*ways, strict=True))

    def _edges(self) -> Iterator[int]:
        above, index = self._requests, -1
        for share in QUANTILES:
            while index < self._size - 2 and above > (1 - share) * self._requests:
                index += 1
                above -= self._known[index]
            yield min(index + int(self._is_concentrated(index, above)), self._size - 2)

    def _is_concentrated(self, index: int, above: int) -> bool:
        """Whether nearly all that is as slow is in this bucket: a hair slower would be in the next one."""
        inside = self._known[index]
        return inside > CONCENTRATED * (inside + above)


def _way(shares: Sequence[float], shift: float, stretch: float) -> Way:
    """What becomes of the shares of the classes, fastest first, when requests are slower in this way."""
    normal, above, slower = NormalDist(), 1.0, [1.0]
    for share in shares[:-1]:
        above -= share
        score = normal.inv_cdf(min(1 - 1e-12, max(1e-12, 1 - above))) - shift
        score = DECILE + (score - DECILE) / stretch if score > DECILE else score
        slower.append(1 - normal.cdf(score))
    became = [before - after for before, after in zip(slower, [*slower[1:], 0.0], strict=True)]
    ratios = [max(1e-9, after) / before for after, before in zip(became, shares, strict=True)]
    return tuple((ratio - 1, log(ratio)) for ratio in ratios)


def _classes(buckets: Sequence[int], last: Sequence[int]) -> list[int]:
    starts = (0, *(edge + 1 for edge in last))
    return [sum(buckets[start:after]) for start, after in zip(starts, (*starts[1:], None), strict=True)]


def slow(at: float, new: Sequence[int], old: Sequence[int], edge: int) -> Pair:
    """How many requests were slower than bucket `edge`."""
    return Pair(at, sum(new), sum(old), sum(new[edge + 1 :]), sum(old[edge + 1 :]))


def _score(counted: Pair) -> float:
    """By how many standard deviations of luck the new slot has more."""
    whole = counted.requests_new + counted.requests_old
    hits = counted.hits_new + counted.hits_old
    if not hits or hits == whole:
        return 0.0
    expected = hits * counted.requests_new / whole
    luck = expected * (1 - hits / whole) * counted.requests_old / whole
    return (counted.hits_new - expected) / sqrt(luck) if luck else 0.0
