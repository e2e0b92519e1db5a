"""Levels: what a series is at, from what was told of it now and at the last look."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from orchestrate.models.alert import Alert, Several
from orchestrate.models.sample import SampleState
from tools.series import Kind, Parts, Told

MOST_PARTS = 64  # of one series that are remembered
Kept = Mapping[str, float]


def level(name: str, alert: Alert, parts: Parts, before: Kept, seconds: float) -> float | SampleState | None:
    """The level of the series; None as long as there is nothing before it to compare with."""
    if not parts:
        return SampleState.NO_DATA
    if not all(math.isfinite(one.value) and math.isfinite(one.count) for one in parts.values()):
        return SampleState.NOT_A_NUMBER
    together = _worst(alert) if alert.instances is Several.WORST else sum
    if all(one.kind is Kind.SUM for one in parts.values()):
        return _mean(name, alert, parts, before)
    found = [_single(name, part, one, before, seconds) for part, one in parts.items()]
    known = [one for one in found if one is not None]
    return together(known) if known else None


def kept(name: str, parts: Parts) -> dict[str, float]:
    """What the next level is measured from."""
    found: dict[str, float] = {}
    for part, one in list(parts.items())[:MOST_PARTS]:
        if one.kind is not Kind.LEVEL and math.isfinite(one.value) and math.isfinite(one.count):
            found |= {_key(name, part): one.value, _count(name, part): one.count}
    return found


def _single(name: str, part: str, one: Told, before: Kept, seconds: float) -> float | None:
    if one.kind is Kind.LEVEL:
        return one.value
    old = before.get(_key(name, part))
    return None if old is None or seconds <= 0 else _since(old, one.value) / seconds


def _mean(name: str, alert: Alert, parts: Parts, before: Kept) -> float | SampleState | None:
    known = [part for part in parts if _key(name, part) in before]
    sums = [_since(before[_key(name, part)], parts[part].value) for part in known]
    counts = [_since(before[_count(name, part)], parts[part].count) for part in known]
    if not known:
        return None
    if not sum(counts):
        return SampleState.NO_DATA
    if alert.instances is Several.SUM:
        return sum(sums) / sum(counts)
    return _worst(alert)(added / count for added, count in zip(sums, counts, strict=True) if count)


def _since(before: float, now: float) -> float:
    """A total that became smaller began anew."""
    return now - before if now >= before else now


def _worst(alert: Alert) -> Callable[[Iterable[float]], float]:
    return min if alert.below is not None else max


def _key(name: str, part: str) -> str:
    return f"{name} {part}"


def _count(name: str, part: str) -> str:
    return f"{name} {part} count"
