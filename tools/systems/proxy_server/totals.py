"""Totals: what each slot answered since the proxy started, as JSON and for Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

NO_SLOT = ""  # requests that never reached a slot: nobody takes traffic, or the request was bad


@dataclass
class Total:
    """One slot's numbers."""

    buckets: list[int]
    statuses: Counter[int] = field(default_factory=Counter[int])
    seconds: float = 0.0
    retries: int = 0

    @property
    def requests(self) -> int:
        return self.statuses.total()

    @property
    def errors(self) -> int:
        return sum(count for status, count in self.statuses.items() if status >= 500)


class Totals:
    """Counts finished requests by slot, status and duration."""

    def __init__(self, edges_ms: Sequence[int]) -> None:
        self._edges = tuple(edges_ms)
        self._slots: dict[str, Total] = {}

    def count(self, slot: str, status: int, seconds: float) -> None:
        """One request is done; resets and refusals count as status 502."""
        total = self._total(slot)
        total.statuses[status] += 1
        total.seconds += seconds
        total.buckets[bisect_left(self._edges, seconds * 1000)] += 1

    def retried(self, slot: str) -> None:
        """A server failed before it answered, and another one of the slot took over."""
        self._total(slot).retries += 1

    def counters(self) -> dict[str, dict[str, object]]:
        """Slot → requests, errors, retries and latency buckets (not cumulated)."""
        return {
            slot: {
                "requests": total.requests,
                "errors": total.errors,
                "retries": total.retries,
                "buckets": total.buckets,
            }
            for slot, total in self._slots.items()
            if slot != NO_SLOT
        }

    def exposition(self, open_requests: Mapping[str, int]) -> str:
        """The Prometheus text format."""
        lines = ["# TYPE http_requests_total counter"]
        for slot, total in self._slots.items():
            lines += [
                f'http_requests_total{{slot="{_escaped(slot)}",status="{status}"}} {count}'
                for status, count in sorted(total.statuses.items())
            ]
        lines += ["# TYPE http_upstream_retries_total counter"]
        for slot, total in self._slots.items():
            lines += [f'http_upstream_retries_total{{slot="{_escaped(slot)}"}} {total.retries}']
        lines += ["# TYPE http_request_duration_seconds histogram"]
        for slot, total in self._slots.items():
            lines += self._histogram(_escaped(slot), total)
        lines += ["# TYPE http_requests_open gauge"]
        lines += [f'http_requests_open{{slot="{_escaped(s)}"}} {n}' for s, n in open_requests.items()]
        return "\n".join(lines) + "\n"

    def _histogram(self, slot: str, total: Total) -> list[str]:
        name, seen, lines = "http_request_duration_seconds", 0, list[str]()
        for edge, count in zip(self._edges, total.buckets, strict=False):
            seen += count
            lines.append(f'{name}_bucket{{slot="{slot}",le="{edge / 1000:g}"}} {seen}')
        lines.append(f'{name}_bucket{{slot="{slot}",le="+Inf"}} {total.requests}')
        lines.append(f'{name}_sum{{slot="{slot}"}} {total.seconds:.6f}')
        lines.append(f'{name}_count{{slot="{slot}"}} {total.requests}')
        return lines

    def _total(self, slot: str) -> Total:
        if slot not in self._slots:
            self._slots[slot] = Total([0] * (len(self._edges) + 1))
        return self._slots[slot]


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
