"""Warmth: how a component's releases began, and so how long and how much worse a new instance usually is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, sqrt

from orchestrate.analysis.calibration import decile
from orchestrate.analysis.series import totals
from orchestrate.models.sample import Sample
from orchestrate.models.watch import WARM_UP_STEP, WarmUp

LONGEST = 300.0  # seconds; what has not passed by then is no cold start
CALM = 60.0  # seconds in which nothing is clearly worse than usual end a cold start
RELEASES = 2  # fewer teach nothing
ERRORS = 10.0  # expected in the first minutes of all of them; fewer teach nothing
MOST = 10.0  # times the usual errors: more is never allowed
ALIKE, ALIKE_SLOW = 1.25, 1.1  # times as many failed, or slow, requests as usual that are still as usual
STEPS = ceil(LONGEST / WARM_UP_STEP)

Paired = tuple[Sample, Sample | None]  # of the new slot, and of the old one in the same interval


@dataclass(frozen=True, slots=True)
class Beginning:
    """The samples of one release, in order of time."""

    began: float  # epoch seconds: when it began to serve
    paired: Sequence[Paired]


@dataclass(slots=True)
class Course:
    """How often something happened at each age, and how often it would have been usual."""

    hits: list[float] = field(default_factory=lambda: [0.0] * STEPS)
    usual: list[float] = field(default_factory=lambda: [0.0] * STEPS)

    def add(self, age: float, hits: float, usual: float) -> None:
        """What happened in an interval whose middle is at this age (seconds)."""
        step = int(max(0.0, age) / WARM_UP_STEP)
        if step < STEPS:
            self.hits[step] += hits
            self.usual[step] += usual

    def calm_at(self, alike: float) -> int | None:
        """The first step of a minute in which it was as usual; None where there was no such minute."""
        width = ceil(CALM / WARM_UP_STEP)
        for first in range(STEPS - width + 1):
            hits, usual = (sum(one[first : first + width]) for one in (self.hits, self.usual))
            if usual and hits <= alike * usual + sqrt(alike * usual):
                return first
        return None

    def times(self, steps: int) -> tuple[float, ...]:
        """So many times as often as usual at most, in each of the first steps; an empty one is as before."""
        found: list[float] = []
        for hits, usual in zip(self.hits[:steps], self.usual[:steps], strict=True):
            most = (hits + sqrt(hits) + 1) / usual if usual else found[-1] if found else MOST
            found.append(round(min(MOST, max(1.0, most)), 3))
        return tuple(found)


def learned(releases: Sequence[Beginning]) -> WarmUp | None:
    """What the first minutes of these releases say.

    What is usual is what the old slot did in the same interval; or, where none served, what the new one did
    later. None where they say too little, or what was worse did not pass: then it was no cold start.
    """
    known = [one for one in releases if one.paired]
    errors, slow = Course(), Course()
    for release in known:
        _count(release, errors, slow)
    if len(known) < RELEASES or sum(errors.usual) < ERRORS:
        return None
    until = errors.calm_at(ALIKE)
    slow_until = slow.calm_at(ALIKE_SLOW) if any(slow.usual) else 0
    if until is None or slow_until is None:
        return None
    seconds = WARM_UP_STEP * max(until, slow_until)
    return WarmUp(releases=len(known), seconds=seconds, times=errors.times(until))


def _count(release: Beginning, errors: Course, slow: Course) -> None:
    began = before = release.began
    late = totals([new for new, _ in release.paired if new.at > began + LONGEST])
    beside = totals([old for _, old in release.paired if old is not None])
    edge = decile(beside.buckets or late.buckets)
    for new, old in release.paired:
        age, before = (new.at + before) / 2 - began, new.at
        usual = totals([old]) if old is not None and old.requests else late
        if not new.requests or not usual.requests:
            continue
        errors.add(age, new.errors, new.requests * usual.errors / usual.requests)
        measured = sum(usual.buckets)
        if edge is not None and new.buckets and measured:
            part = sum(usual.buckets[edge + 1 :]) / measured
            slow.add(age, sum(new.buckets[edge + 1 :]), sum(new.buckets) * part)
