"""Replicas: which shares of the traffic instances give by their number alone."""

from __future__ import annotations


def newcomers(share: int, instances: int) -> int | None:
    """How many of `instances` give `share` percent; None where no number does."""
    count, rest = divmod(share * instances, 100)
    return None if rest or not count else count


def shares_of(instances: int) -> tuple[int, ...]:
    """Every whole percentage that so many instances can give."""
    return tuple(share for share in range(1, 101) if newcomers(share, instances))


def enough_for(share: int) -> int:
    """The fewest instances of which some give `share` percent."""
    return next(count for count in range(1, 101) if newcomers(share, count))
