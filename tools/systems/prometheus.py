"""Prometheus: numbers from its HTTP API, told apart by the slot label.

One that wants to know who asks gets the bearer token that `credentials` names.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError

from orchestrate.errors import OrchestrateError, Unreachable
from orchestrate.models.environment import Component, MetricsConfig
from orchestrate.models.runtime import Running
from orchestrate.models.sample import Counters, SampleState
from tools.metrics import combined, running_slots, state_of
from tools.systems.exposition import Exposition, Point, counters, metric
from tools.systems.sentry import Secrets
from tools.systems.vendor import Vendor

INSTANCE = "instance"


class _Series(BaseModel):
    """One series of an answer: its labels, and the moment and size of its value."""

    metric: dict[str, str]
    value: tuple[float, float]


class _Vector(BaseModel):
    """Series with their values, or one value without labels (a scalar: moment and size)."""

    result: list[_Series] | tuple[float, float]

    @property
    def lines(self) -> list[_Series]:
        return self.result if isinstance(self.result, list) else [_Series(metric={}, value=self.result)]


class _Answer(BaseModel):
    status: str
    data: _Vector


class Prometheus:
    """Sends queries; `secrets` gives the token by the name in `credentials`, where one is wanted."""

    def __init__(self, secrets: Secrets, vendor: Vendor | None = None) -> None:
        self._secrets, self._vendor = secrets, vendor or Vendor("Prometheus")

    async def vector(
        self, server: str, credentials: str | None, query: str
    ) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each line that the query gives now.

        Raises Unreachable, RateLimited, AccessDenied, UnknownSecret.
        """
        headers = {"authorization": f"Bearer {self._secrets(credentials)}"} if credentials else {}
        answer = await self._vendor.ask(server, f"/api/v1/query?{urlencode({'query': query})}", headers)
        try:
            told = _Answer.model_validate_json(answer.body)
        except ValidationError:
            raise Unreachable("Prometheus answered with something else") from None
        if told.status != "success":
            raise Unreachable(f"Prometheus answered {told.status[:200]}")
        return [(series.metric, series.value[1]) for series in told.data.lines]


class PrometheusMetrics:
    """Asks the server that the component's settings name.

    The metric names of the settings may carry a selector: `http_requests_total{job="shop"}`.
    """

    def __init__(self, prometheus: Prometheus) -> None:
        self._prometheus = prometheus

    async def read(self, component: Component, running: Running) -> dict[str, Counters | SampleState]:
        names = [slot.name for slot in running_slots(running)]
        try:
            points = await self._points(component.metrics)
        except OrchestrateError as problem:
            return dict.fromkeys(names, state_of(problem))
        return {name: _slot(points.get(name, {}), component.metrics) for name in names}

    async def _points(self, config: MetricsConfig) -> dict[str, dict[str, list[Point]]]:
        """Slot → instance → points. Raises what `vector` raises."""
        status, latency = config.status_label, _suffixed(config.latency, "_bucket")
        answers = await asyncio.gather(
            self._ask(config, config.requests, status),
            self._ask(config, latency, "le"),
            self._ask(config, config.database_errors),
        )
        found: dict[str, dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
        for point in (point for answer in answers for point in answer):
            slot, instance = point.labels.get(config.slot_label), point.labels.get(INSTANCE, "")
            if slot is not None:
                found[slot][instance].append(point)
        return found

    async def _ask(self, config: MetricsConfig, selector: str, *labels: str) -> list[Point]:
        by = ", ".join((config.slot_label, INSTANCE, *labels))
        query = f"sum by ({by}) ({selector})"
        lines = await self._prometheus.vector(config.url or "", config.credentials, query)
        name = metric(selector)
        return [Point(name, found, value) for found, value in lines]


def _slot(instances: dict[str, list[Point]], config: MetricsConfig) -> Counters | SampleState:
    """The totals of one slot; an instance without requests yet is none of its parts."""
    parts: dict[str, Counters] = {}
    for instance, points in instances.items():
        numbers = counters(Exposition(tuple(points)), config)
        if numbers is SampleState.NOT_A_NUMBER:
            return numbers
        if isinstance(numbers, Counters):
            parts[instance] = numbers
    return combined(parts) if parts else SampleState.NO_DATA


def _suffixed(selector: str, suffix: str) -> str:
    name, brace, labels = selector.partition("{")
    return f"{name.strip()}{suffix}{brace}{labels}"
