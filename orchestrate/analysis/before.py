"""Before: the hours before a watch, as the other side of a comparison where no old slot has traffic now."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.models.sample import Sample
from orchestrate.models.watch import Watch

NAME = "the version before"
LEAST = 1800.0  # seconds: what differs from one time to another is not known from fewer than six periods


class HoursBefore:
    """Gives what the version before counted in as much time, interval by interval, until all was told.

    Whole numbers: the k-th interval gets what is between the k-th and the next of equal parts.
    """

    def __init__(self, watch: Watch) -> None:
        self._prior = watch.prior
        self._parts = max(1, int(watch.prior.seconds / watch.interval))
        self._told = 0

    @property
    def is_known(self) -> bool:
        return self._prior.requests > 0 and self._prior.seconds >= LEAST

    def next(self, new: Sample) -> Sample | None:
        """The old side for the interval of `new`; None when everything was told."""
        if self._told >= self._parts:
            return None
        known = (self._prior.requests, self._prior.errors, *self._prior.buckets)
        requests, errors, *buckets = self._part(known)
        self._told += 1
        return Sample(
            at=new.at,
            component=new.component,
            slot=NAME,
            requests=requests,
            errors=errors,
            buckets=tuple(buckets) or None,
        )

    def _part(self, totals: Sequence[int]) -> list[int]:
        return [
            total * (self._told + 1) // self._parts - total * self._told // self._parts for total in totals
        ]


def over_time(watch: Watch) -> Watch:
    """The watch, as unlike as periods are where that is more than instances are."""
    prior = watch.prior
    usual = prior.model_copy(
        update={
            "dispersion": max(prior.dispersion, prior.drift),
            "dispersion_slow": max(prior.dispersion_slow, prior.drift_slow),
        }
    )
    return watch.model_copy(update={"prior": usual})
