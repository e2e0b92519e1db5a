"""Evidence: e-processes that say how sure it is that the new slot does worse, at any number of looks.

Each interval multiplies the likelihood ratio of "so many times as often" against "at most the tolerated
ratio". Mixing over ratios and starting times keeps the product a fair bet: by Ville's inequality, when
nothing is wrong it ever reaches 1/alpha with a chance of at most alpha.

Given that an error happened, it happened to the new slot with the probability of that slot's share of the
requests, whatever the common rate does (Lindon & Malek, arXiv 2011.03567).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, log

TOLERATED = 1.25
"""A ratio of error rates that is not worth a rollback."""

TOLERATED_OVER_TIME = 2.0
"""The same against the hours before: nobody knows what else was different then."""

RATIOS = (1.5, 2.5, 5.0, 15.0, 80.0)
"""Alternatives, as multiples of the tolerated ratio, believed in equally."""

FROM_THE_START = 0.5
"""Belief that a regression is there from the first look."""

SOON = 0.2
"""Belief that it begins within the next looks (a cache that fills); the rest is spread over all others."""

SOON_LOOKS = 12

CEILING = 1e12
STEEPEST = 300.0  # of one interval's logarithm: exp() goes no further than 709
LOGS = tuple(log(ratio) for ratio in RATIOS)

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


class Wager:
    """Bets on several alternatives, each begun a little at every look; their worth is the evidence."""

    __slots__ = ("_bets", "_later", "_new", "_seen", "_soon", "_unspent", "value")

    def __init__(self, alternatives: int, looks: int) -> None:
        self._bets = [0.0] * alternatives
        self._soon = min(SOON_LOOKS, max(1, looks // 4))
        self._later = (1 - FROM_THE_START - SOON) / max(1, looks - self._soon - 1)
        self._seen = 0
        self._new = 0.0  # begun, on each alternative, since there was anything to win
        self._unspent = 1.0
        self.value = 1.0  # the e-value so far, at least 0, at most 1e12

    def take(self, gains: Sequence[float] | None) -> None:
        """One more look: the likelihood ratio of each alternative; None where it tells nothing."""
        seen, self._seen = self._seen, self._seen + 1
        stake = FROM_THE_START if seen == 0 else SOON / self._soon if seen <= self._soon else self._later
        stake = min(self._unspent, stake)
        self._unspent -= stake
        self._new += stake
        if gains is None:
            return
        new, self._new = self._new, 0.0
        self._bets = [(bet + new) * gain for bet, gain in zip(self._bets, gains, strict=True)]
        if max(self._bets) > CEILING:
            self._bets = [min(CEILING, bet) for bet in self._bets]
        self.value = min(CEILING, self._unspent + sum(self._bets) / len(self._bets))


def constant(_at: float) -> float:
    """The plain tolerance, without an allowance for a cold start."""
    return TOLERATED


def over_hours(_at: float) -> float:
    """The tolerance against the hours before."""
    return TOLERATED_OVER_TIME


def warming(since: float, seconds: float, surplus: float = 4.0, plain: float = TOLERATED) -> Tolerance:
    """The plain tolerance and `surplus` times as much for a new instance, fading in `seconds`."""

    def tolerated(at: float) -> float:
        return plain * (1 + surplus * exp(-max(0.0, at - since) / seconds))

    return tolerated


def as_before(since: float, step: float, times: Sequence[float], plain: float = TOLERATED) -> Tolerance:
    """The plain tolerance, and in each `step` (seconds) of a new instance's age so many times as much."""

    def tolerated(at: float) -> float:
        index = int(max(0.0, at - since) / step)
        return plain * times[index] if index < len(times) else plain

    return tolerated


def evidence(pairs: Sequence[Pair], tolerated: Tolerance, looks: int) -> float:
    """The e-value after `pairs`, of which about `looks` are expected in all; at least 0, at most 1e12."""
    newest = deque(course(pairs, tolerated, looks), maxlen=1)
    return newest[0] if newest else 1.0


def course(pairs: Iterable[Pair], tolerated: Tolerance, looks: int) -> Iterator[float]:
    """The e-value after each pair: what somebody who looks every time would see."""
    wager = Wager(len(RATIOS), looks)
    for pair in pairs:
        wager.take(rare_gains(pair, tolerated(pair.at)))
        yield wager.value


def tally(pairs: Iterable[Pair]) -> Tally:
    """The sums of `pairs`."""
    new = old = hits_new = hits_old = 0
    for pair in pairs:
        new, old = new + pair.requests_new, old + pair.requests_old
        hits_new, hits_old = hits_new + pair.hits_new, hits_old + pair.hits_old
    return Tally(new, old, hits_new, hits_old)


def rare_gains(pair: Pair, tolerated: float, dispersion: float = 1.0) -> list[float] | None:
    """The likelihood ratio of each of RATIOS, to the power 1/`dispersion`; None if only one slot speaks."""
    hits = pair.hits_new + pair.hits_old
    if not hits or not pair.requests_new or not pair.requests_old:
        return None
    new = tolerated * pair.requests_new
    whole, old, bad = new + pair.requests_old, pair.requests_old, pair.hits_new
    return [
        exp(min(STEEPEST, (bad * logarithm + hits * log(whole / (ratio * new + old))) / dispersion))
        for ratio, logarithm in zip(RATIOS, LOGS, strict=True)
    ]
