"""Exclusion: whether a declared smallest harm would have shown by now, so that a step may end."""

from __future__ import annotations

from math import log

from orchestrate.analysis.evidence import Pair
from orchestrate.models.watch import Prior


class Exclusion:
    """The evidence (as a logarithm) against so many more errors, in hundredths of a percent of the requests.

    Wald's sequential test (1945) of two Poisson rates: the old slot's, as it was before each interval, and
    that rate with the harm. Errors of the new slot speak for the harm, its other requests against it.
    """

    def __init__(self, harm: int, prior: Prior) -> None:
        self._harm = harm / 10_000
        self._requests, self._errors = prior.requests, prior.errors
        self._dispersion = max(1.0, prior.dispersion)
        self.value = 0.0

    def take(self, pair: Pair) -> None:
        """One interval in both slots."""
        usual = (self._errors + 0.5) / (self._requests + 1)
        gain = pair.requests_new * self._harm - pair.hits_new * log(1 + self._harm / usual)
        self.value += gain / self._dispersion if self._requests else 0.0
        self._requests += pair.requests_old
        self._errors += pair.hits_old
