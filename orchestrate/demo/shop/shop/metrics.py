"""Counts requests and how long they took, in the text that Prometheus reads."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

EDGES = (
    0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.17,
    0.22, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.3, 1.7, 2.2, 3.0, 4.0, 5.0, 7.5, 10.0,
)  # fmt: skip
"""Upper edges of the histogram, in seconds."""


class Metrics:
    """Totals since this instance started."""

    def __init__(self, slot: str) -> None:
        self._slot = slot
        self._statuses: Counter[int] = Counter()
        self._buckets = [0] * (len(EDGES) + 1)
        self._seconds = 0.0
        self.database_errors = 0

    def count(self, status: int, seconds: float) -> None:
        self._statuses[status] += 1
        self._buckets[bisect_left(EDGES, seconds)] += 1
        self._seconds += seconds

    def text(self) -> str:
        lines = [
            "# TYPE http_requests_total counter",
            *(
                f'http_requests_total{{status="{status}",slot="{self._slot}"}} {total}'
                for status, total in sorted(self._statuses.items())
            ),
            "# TYPE http_request_duration_seconds histogram",
            *self._histogram(),
            "# TYPE database_errors_total counter",
            f'database_errors_total{{slot="{self._slot}"}} {self.database_errors}',
        ]
        return "\n".join(lines) + "\n"

    def _histogram(self) -> list[str]:
        name, so_far, lines = "http_request_duration_seconds", 0, list[str]()
        for edge, total in zip((*EDGES, "+Inf"), self._buckets, strict=True):
            so_far += total
            lines.append(f'{name}_bucket{{slot="{self._slot}",le="{edge}"}} {so_far}')
        lines.append(f'{name}_sum{{slot="{self._slot}"}} {self._seconds:.6f}')
        lines.append(f'{name}_count{{slot="{self._slot}"}} {so_far}')
        return lines
