"""Samples: what was measured while a release was watched, and what was judged from it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from orchestrate.models.fact import Fact


class SampleState(StrEnum):
    """Whether a sample can be used; each way of missing is a name of its own, and none passes."""

    OK = "ok"
    NO_DATA = "no_data"  # the source answered, and had nothing
    NOT_A_NUMBER = "not_a_number"
    SOURCE_DOWN = "source_down"
    THROTTLED = "throttled"  # the source was asked too often
    DENIED = "denied"  # the source does not let us in
    EXPIRED = "expired"  # what the source knew us by has run out
    NO_INSTANCE = "no_instance"  # nothing runs in the new slot
    NO_BASELINE = "no_baseline"  # nothing runs in the old slot


LATENCY_EDGES_MS: tuple[int, ...] = (
    1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 65, 80, 100, 130, 170, 220, 300, 400, 500, 650, 800,
    1000, 1300, 1700, 2200, 3000, 4000, 5000, 7500, 10000, 15000, 30000, 60000,
)  # fmt: skip
"""Upper edges of the latency histogram in ms; one more bucket holds what is slower."""


class Counters(Fact):
    """Totals of one slot since its start, as a source tells them. A smaller total means a restart."""

    requests: int
    errors: int  # server errors: status ≥ 500, resets, refused connections
    buckets: tuple[int, ...] | None = None  # requests per LATENCY_EDGES_MS bucket, not cumulated
    database_errors: int = 0
    cpu: float | None = None  # percent of one core
    memory: float | None = None  # MiB
    extra: dict[str, float] = {}
    parts: dict[str, Counters] = {}  # totals per instance, where the source tells them apart


class Part(NamedTuple):
    """What one instance counted during one interval."""

    requests: int
    errors: int
    slow: int = 0  # slower than the slot's ninth decile


class Sample(Fact):
    """What happened in one slot during one interval: increments, not totals."""

    at: float  # epoch seconds, end of the interval
    component: str
    slot: str
    state: SampleState = SampleState.OK
    requests: int = 0
    errors: int = 0
    buckets: tuple[int, ...] | None = None
    database_errors: int = 0
    instances: dict[str, Part] = {}  # what each of them counted, where the source tells them apart
    healthy: bool | None = None  # None: not asked
    restarts: int = 0
    cpu: float | None = None  # percent of one core, mean of the instances
    memory: float | None = None  # MiB, the fullest instance
    memory_share: float | None = None  # percent of the limit, where there is one
    series: dict[str, float | SampleState] = {}  # alert → its level, or the way in which it is missing
    note: str = ""
    unmeasured: str = ""  # why CPU and memory are not told


class Verdict(StrEnum):
    """What the numbers say about a release. Inconclusive holds; it never promotes."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Judgement(Fact):
    """A verdict with the numbers that decided, in one plain sentence."""

    verdict: Verdict
    trigger: str  # error_rate, response_time_p99, health_checks, database_errors, comparison, missing, …
    sentence: str
    numbers: dict[str, float] = {}
    against: str = ""  # what the ratio among them is of: a slot, the version before, the threshold
    alerts: tuple[str, ...] = ()  # alert-only thresholds that were crossed
    named_alerts: dict[str, str] = {}  # those of them that are told at once, each once per watch, by name
