"""Exposition: the text in which services and proxies tell their metrics, read without trust."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orchestrate.errors import Unreachable
from orchestrate.models.environment import MetricsConfig
from orchestrate.models.sample import LATENCY_EDGES_MS, Counters, SampleState

NAME = re.compile(r"[a-zA-Z_:][\w:]*", re.ASCII)
LABEL = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,\s*|(?=\}))', re.ASCII)
ESCAPED = re.compile(r"\\(.)")
LARGEST = 2**53  # beyond it, a float no longer counts in ones


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one series."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Exposition:
    """Everything a text tells; `kinds` are the metrics that it declares, with or without a value yet."""

    points: tuple[Point, ...]
    kinds: Mapping[str, str] = field(default_factory=dict[str, str])  # declared metric → its type

    def has(self, name: str) -> bool:
        """Whether the metric exists, even if nothing was counted yet."""
        return name in self.kinds or name.removesuffix("_total") in self.kinds


def parse(text: str) -> Exposition:
    """The points of a Prometheus text. Raises Unreachable, with the line, when it is none."""
    points: list[Point] = []
    kinds: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split(None, 3)
        if words[:2] == ["#", "TYPE"] and len(words) > 2:
            kinds[words[2]] = words[3].strip() if len(words) > 3 else ""
        if not words or words[0].startswith("#"):
            continue
        points.append(_point(line.strip(), number))
    return Exposition(tuple(points), kinds)


def counters(told: Exposition, config: MetricsConfig) -> Counters | SampleState:
    """The totals in `told` under the names that `config` gives them, or the way in which they are missing."""
    requests = [point for point in told.points if point.name == metric(config.requests)]
    if not requests and not told.has(metric(config.requests)):
        return SampleState.NO_DATA
    if requests and not any(config.status_label in point.labels for point in requests):
        return SampleState.NO_DATA
    failed = [point for point in requests if point.labels.get(config.status_label, "").startswith("5")]
    steps = [point for point in told.points if point.name == f"{metric(config.latency)}_bucket"]
    database = [point for point in told.points if point.name == metric(config.database_errors)]
    if not all(_counts(point.value) for point in (*requests, *steps, *database)):
        return SampleState.NOT_A_NUMBER
    return Counters(
        requests=_sum(requests),
        errors=_sum(failed),
        buckets=buckets(steps) if steps or told.has(metric(config.latency)) else None,
        database_errors=_sum(database),
    )


def selected(told: Exposition, selector: str, suffix: str = "") -> list[float]:
    """The values under `name{label="value"}`, the name with `suffix`. Raises Unreachable if it is none."""
    name = NAME.match(selector.strip())
    if name is None:
        raise Unreachable(f"{selector!r} names no metric")
    labels, _ = _labels(selector.strip(), name.end(), 1)
    return [
        point.value
        for point in told.points
        if point.name == name[0] + suffix and labels.items() <= point.labels.items()
    ]


def metric(selector: str) -> str:
    """The name alone of `name{label="value"}`."""
    return selector.partition("{")[0].strip()


def buckets(steps: Iterable[Point]) -> tuple[int, ...]:
    """A cumulated histogram with `le` labels in seconds, as counts per bucket of LATENCY_EDGES_MS.

    What is between two edges counts as slow as the upper one; what is beyond the last, as slower than it.
    """
    cumulated: dict[float, float] = {}
    for step in steps:
        edge = _number(step.labels.get("le", ""))
        if not math.isnan(edge):
            cumulated[edge] = cumulated.get(edge, 0) + step.value
    found, before, last = [0] * (len(LATENCY_EDGES_MS) + 1), 0, 0.0
    for edge in sorted(cumulated):
        inside = max(0, round(cumulated[edge]) - before)
        found[_bucket(edge, last)] += inside
        before, last = before + inside, edge
    return tuple(found)


def _bucket(edge: float, last: float) -> int:
    if math.isinf(edge):
        return bisect_right(LATENCY_EDGES_MS, round(last * 1000, 6))
    return bisect_left(LATENCY_EDGES_MS, round(edge * 1000, 6))


def _point(line: str, number: int) -> Point:
    """`name{label="value"} value timestamp # exemplar`, of which the last two are not needed."""
    name = NAME.match(line)
    if name is None:
        raise Unreachable(f"line {number} is no metric: {line[:60]!r}")
    labels, at = _labels(line, name.end(), number)
    words = line[at:].partition("#")[0].split()
    value = _number(words[0]) if words else math.nan
    if not words or len(words) > 2 or (math.isnan(value) and words[0].lower() != "nan"):
        raise Unreachable(f"line {number} is no metric: {line[:60]!r}")
    return Point(name[0], labels, value)


def _labels(line: str, start: int, number: int) -> tuple[dict[str, str], int]:
    """The labels that begin at `start`, if any, and where they end."""
    labels: dict[str, str] = {}
    at = start
    if not line[at:].lstrip().startswith("{"):
        return labels, at
    at = line.index("{", at) + 1
    while found := LABEL.match(line, at):
        labels[found[1]] = ESCAPED.sub(lambda one: "\n" if one[1] == "n" else one[1], found[2])
        at = found.end()
    if not line[at:].lstrip().startswith("}"):
        raise Unreachable(f"line {number} has labels that cannot be read: {line[at : at + 60]!r}")
    return labels, line.index("}", at) + 1


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _counts(value: float) -> bool:
    return 0 <= value <= LARGEST


def _sum(points: Iterable[Point]) -> int:
    return round(sum(point.value for point in points))
