"""Evidence: an e-process that says how sure it is that the new slot does worse, at any number of looks.

Given that a bad thing happened (an error, a slow request), it happened to the new slot with the
probability of that slot's share of the requests, whatever the common rate does (Lindon & Malek, arXiv
2011.03567). Each interval multiplies the likelihood ratio of "so many times as often" against "at most the
tolerated ratio". Mixing over ratios and starting times keeps the product a fair bet: by Ville's inequality,
when nothing is wrong it ever reaches 1/alpha with a chance of at most alpha.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, log

TOLERATED = 1.25
"""A ratio of rates that is not worth a rollback."""

RATIOS = (1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 300.0)
"""Alternatives, as multiples of the tolerated ratio, believed in equally."""

FROM_THE_START = 0.3
"""Belief that a regression is there from the first look; the rest is spread over later looks."""

CEILING = 1e12

Tolerance = Callable[[float], float]  # moment (epoch seconds) → tolerated ratio of rates


@dataclass(frozen=True, slots=True)
class Pair:
    """One interval in both slots: how many requests, and to how many of them the bad thing happened."""

    at: float
    requests_new: int
    requests_old: int
    hits_new: int
    hits_old: int


@dataclass(frozen=True, slots=True)
class Tally:
    """The sums of several pairs."""

    requests_new: int
    requests_old: int
    hits_new: int
    hits_old: int

    @property
    def ratio(self) -> float:
        """How many times as often it happened in the new slot; with no hit in the old one, at least."""
        if not self.requests_new or not self.requests_old:
            return 0.0
        old = max(self.hits_old, 0.5) / self.requests_old
        return self.hits_new / self.requests_new / old


def constant(_at: float) -> float:
    """The plain tolerance, without an allowance for a cold start."""
    return TOLERATED


def warming(opened_at: float, seconds: float) -> Tolerance:
    """Five times the plain tolerance for an instance that just started, falling within a few `seconds`."""

    def tolerated(at: float) -> float:
        return TOLERATED * (1 + 4 * exp(-max(0.0, at - opened_at) / seconds))

    return tolerated


def evidence(pairs: Sequence[Pair], tolerated: Tolerance, looks: int) -> float:
    """The e-value after `pairs`, of which about `looks` are expected in all; at least 0, at most 1e12."""
    newest = deque(course(pairs, tolerated, looks), maxlen=1)
    return newest[0] if newest else 1.0


def course(pairs: Iterable[Pair], tolerated: Tolerance, looks: int) -> Iterator[float]:
    """The e-value after each pair: what somebody who looks every time would see."""
    bets = [0.0] * len(RATIOS)
    unspent = 1.0
    for index, pair in enumerate(pairs):
        stake = FROM_THE_START if index == 0 else min(unspent, (1 - FROM_THE_START) / max(1, looks))
        unspent -= stake
        gains = _gains(pair, tolerated(pair.at))
        bets = [min(CEILING, (bet + stake) * gain) for bet, gain in zip(bets, gains, strict=True)]
        yield min(CEILING, unspent + sum(bets) / len(RATIOS))


def tally(pairs: Sequence[Pair]) -> Tally:
    """The sums of `pairs`."""
    return Tally(
        requests_new=sum(pair.requests_new for pair in pairs),
        requests_old=sum(pair.requests_old for pair in pairs),
        hits_new=sum(pair.hits_new for pair in pairs),
        hits_old=sum(pair.hits_old for pair in pairs),
    )


def _gains(pair: Pair, tolerated: float) -> list[float]:
    """The likelihood ratio of each alternative; 1 where only one slot had requests."""
    hits = pair.hits_new + pair.hits_old
    if not hits or not pair.requests_new or not pair.requests_old:
        return [1.0] * len(RATIOS)
    new = tolerated * pair.requests_new
    whole = new + pair.requests_old
    return [
        exp(min(300.0, pair.hits_new * log(ratio) + hits * log(whole / (ratio * new + pair.requests_old))))
        for ratio in RATIOS
    ]
