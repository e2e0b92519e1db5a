"""Counts: what became of the traffic, second by second."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field

from orchestrate.models.fact import Fact

RECENT = 5  # seconds behind rate, error rate and p99
REMEMBERED = 60  # seconds


class Second(Fact):
    """What ended within one second."""

    at: int  # epoch seconds
    served: int
    failed: int
    p99: float | None  # ms; None: nothing ended


class TrafficCounts(Fact):
    """Totals since the start, and how it goes now; sent less served and failed is in flight."""

    sent: int = 0
    served: int = 0  # answered with a status below 500
    failed: int = 0
    errors: dict[str, int] = {}  # kind → failed: status_500, reset, refused, timeout, malformed, …
    rate: float = 0.0  # ended requests per second, over the last 5 s
    error_rate: float = 0.0  # percent of them that failed
    p99: float | None = None  # ms; None: nothing ended in the last 5 s
    seconds: tuple[Second, ...] = ()  # the last minute, oldest first


@dataclass
class _Bin:
    at: int
    failed: int = 0
    latencies: list[float] = field(default_factory=list[float])  # ms, of served and failed

    def second(self) -> Second:
        ended = len(self.latencies)
        return Second(
            at=self.at, served=ended - self.failed, failed=self.failed, p99=percentile(self.latencies, 99)
        )


class Tally:
    """Counts requests as they are sent and end. Times are epoch seconds."""

    def __init__(self) -> None:
        self._sent = self._ended = 0
        self._errors: Counter[str] = Counter()
        self._bins: deque[_Bin] = deque(maxlen=REMEMBERED)
        self._began: float | None = None

    def sent(self, now: float) -> None:
        self._began = self._began or now
        self._sent += 1

    def ended(self, now: float, seconds: float, error: str | None) -> None:
        """Count a request that took `seconds`; `error` names why it failed."""
        if not self._bins or self._bins[-1].at < int(now):
            self._bins.append(_Bin(int(now)))
        last = self._bins[-1]
        last.latencies.append(seconds * 1000)
        self._ended += 1
        if error is not None:
            last.failed += 1
            self._errors[error] += 1

    def counts(self, now: float) -> TrafficCounts:
        recent = [one for one in self._bins if one.at > now - RECENT - 1]
        latencies = [latency for one in recent for latency in one.latencies]
        failed = sum(one.failed for one in recent)
        span = min(now - recent[0].at, now - self._began) if recent and self._began else 0.0
        return TrafficCounts(
            sent=self._sent,
            served=self._ended - self._errors.total(),
            failed=self._errors.total(),
            errors=dict(self._errors),
            rate=round(len(latencies) / max(span, 1.0), 1),
            error_rate=round(100 * failed / len(latencies), 2) if latencies else 0.0,
            p99=percentile(latencies, 99),
            seconds=tuple(one.second() for one in self._bins),
        )


def percentile(values: list[float], percent: int) -> float | None:
    """The nearest-rank percentile, to a hundredth; None of nothing."""
    if not values:
        return None
    return round(sorted(values)[math.ceil(len(values) * percent / 100) - 1], 2)
