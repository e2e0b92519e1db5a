"""Unlike: how much the latencies of two slots of one version differ by themselves, beyond luck.

A slot whose answers are slower by a shift that nobody caused (a busy machine, a cold neighbour) makes all of
its counts of an interval move together. The evidence is divided by how much that adds to the variance of luck
alone: quasi-likelihood (McCullagh & Nelder, Generalized Linear Models, 4.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from orchestrate.models.watch import Prior

ASSUMED = 0.2
"""Standard deviation of a slot's shift from minute to minute, in normal scores, where none was measured."""

LASTS = 60.0  # seconds: an assumed shift stays that long
ENOUGH = 20  # counts of instances that say how unlike instances are
PERIODS = 5  # as many less one of periods of the whole slot
DECILE = NormalDist().inv_cdf(0.9)
TOLD = NormalDist().pdf(DECILE) ** 2 / (0.9 * 0.1)
"""What the share of requests beyond the ninth decile tells about a shift, of what all of them tell."""


@dataclass(frozen=True, slots=True)
class Unlike:
    """How many times the variance of luck an interval's counts have: so many, and more with each request."""

    slow: float = 1.0  # of the slowest tenth
    each: float = 0.0

    def tail(self, new: float, old: float) -> float:
        """Of the slowest tenth, with so many requests to both slots, at least 1 of each."""
        return self.slow + self.each * new * old / (new + old)

    def all(self, new: float, old: float) -> float:
        """Of all latencies together: a shift adds to each in proportion to what it tells about the shift."""
        return 1 + (self.tail(new, old) - 1) / TOLD


def unlike(known: Prior, interval: float) -> Unlike:
    """What was measured among instances, or else of the slot as a whole, or else what is assumed."""
    if known.counts_slow >= ENOUGH:
        return Unlike(known.dispersion_slow)
    if known.periods >= PERIODS:
        return Unlike(max(known.dispersion_slow, known.drift_slow))
    return Unlike(known.dispersion_slow, TOLD * 2 * ASSUMED**2 * LASTS / interval)
