"""Increments: what was counted between two readings of totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrate.analysis.calibration import decile
from orchestrate.models.sample import Counters, Part

MOST_COMPARED = 16  # instances of a slot that are compared with each other


@dataclass(frozen=True)
class Increment:
    """What was counted between two readings."""

    requests: int = 0
    errors: int = 0
    database_errors: int = 0
    buckets: tuple[int, ...] | None = None
    parts: Mapping[str, Increment] = field(default_factory=dict[str, "Increment"])


def increment(before: Counters, now: Counters) -> Increment:
    """What was counted between two totals; where instances are told apart, by each of them.

    An instance never seen before may have counted for long: it gives nothing until the next time.
    """
    if not now.parts:
        return _difference(before, now)
    parts = {
        name: _difference(before.parts[name], part)
        for name, part in now.parts.items()
        if name in before.parts
    }
    found = list(parts.values())
    buckets = [one.buckets for one in found if one.buckets is not None]
    is_measured = bool(buckets) and len(buckets) == len(found)
    return Increment(
        requests=sum(one.requests for one in found),
        errors=sum(one.errors for one in found),
        database_errors=sum(one.database_errors for one in found),
        buckets=tuple(map(sum, zip(*buckets, strict=False))) if is_measured else None,
        parts=parts,
    )


def _difference(before: Counters, now: Counters) -> Increment:
    """A total that became smaller began anew: then all of it was counted since."""
    if _began_anew(before, now):
        return Increment(now.requests, now.errors, now.database_errors, now.buckets)
    return Increment(
        requests=now.requests - before.requests,
        errors=now.errors - before.errors,
        database_errors=now.database_errors - before.database_errors,
        buckets=_bucket_difference(before.buckets, now.buckets),
    )


def _began_anew(before: Counters, now: Counters) -> bool:
    return (
        now.requests < before.requests
        or now.errors < before.errors
        or now.database_errors < before.database_errors
    )


def _bucket_difference(before: tuple[int, ...] | None, now: tuple[int, ...] | None) -> tuple[int, ...] | None:
    if before is None or now is None or len(before) != len(now):
        return None
    return tuple(max(0, new - old) for old, new in zip(before, now, strict=True))


def instances(before: Counters, found: Increment) -> dict[str, Part]:
    """What each instance counted, where there are several; slow is what was slow for the slot until now."""
    if not 1 < len(found.parts) <= MOST_COMPARED:
        return {}
    edge = decile(before.buckets)
    return {
        name: Part(
            part.requests, part.errors, sum((part.buckets or ())[edge + 1 :]) if edge is not None else 0
        )
        for name, part in found.parts.items()
    }
