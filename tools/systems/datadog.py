"""Datadog: numbers and series by its query API, version 1 (GET /api/v1/query).

Written from its published reference. A query is sent with a time range, and answered with points per series
(a moment in ms and a value, or null). Requests and errors are counts (`.as_count()`), added up since the
beginning of the hour: a smaller sum than before is read as a new beginning, as with every other source.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError

from orchestrate.errors import OrchestrateError, Unreachable
from orchestrate.models.alert import Alert
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Running, Slot
from orchestrate.models.sample import Counters, SampleState
from tools.metrics import running_slots, state_of
from tools.series import Parts, Told
from tools.systems.vendor import Vendor

SITE = "https://api.datadoghq.com"
HOUR, GRACE = 3600, 120  # seconds; points of the last minutes may come late
RECENT = 300  # seconds that a level may be old
Secrets = Callable[[str], str]


class _Line(BaseModel):
    """One series of an answer."""

    scope: str = ""
    pointlist: list[tuple[float, float | None]] = []


class _Answer(BaseModel):
    status: str = ""
    error: str = ""
    series: list[_Line] = []


class Datadog:
    """Sends queries; `secrets` gives api-key:application-key by the name in `credentials`."""

    def __init__(
        self, secrets: Secrets, vendor: Vendor | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._secrets, self._vendor, self._clock = secrets, vendor or Vendor("Datadog"), clock

    @property
    def now(self) -> int:
        return int(self._clock())

    async def lines(
        self, server: str, credentials: str | None, query: str, since: int
    ) -> dict[str, list[float]]:
        """Scope → values from `since` on, the oldest first; intervals without one are left out.

        Raises Unreachable, AccessDenied, UnknownSecret.
        """
        api, _, application = self._secrets(credentials or "").partition(":")
        headers = {"DD-API-KEY": api, "DD-APPLICATION-KEY": application, "accept": "application/json"}
        asked = urlencode({"from": since, "to": self.now, "query": query})
        answer = await self._vendor.ask(server or SITE, f"/api/v1/query?{asked}", headers)
        try:
            told = _Answer.model_validate_json(answer.body)
        except ValidationError:
            raise Unreachable("Datadog answered with something else") from None
        if told.status != "ok" or told.error:
            raise Unreachable(f"Datadog did not understand the query: {told.error[:200]}")
        return {one.scope: [value for _, value in one.pointlist if value is not None] for one in told.series}


class DatadogMetrics:
    """Requests and errors of each slot; latency is a series with a threshold (see docs/alerts.md)."""

    def __init__(self, datadog: Datadog) -> None:
        self._datadog = datadog

    async def read(self, component: Component, running: Running) -> dict[str, Counters | SampleState]:
        names = [slot.name for slot in running_slots(running)]
        found = await asyncio.gather(*(self._slot(component, name) for name in names))
        return dict(zip(names, found, strict=True))

    async def _slot(self, component: Component, slot: str) -> Counters | SampleState:
        config, since = component.metrics, (self._datadog.now - GRACE) // HOUR * HOUR
        queries = [one.replace("{slot}", slot) for one in (config.requests, config.errors)]
        try:
            found = [
                await self._datadog.lines(config.url or "", config.credentials, one, since) for one in queries
            ]
        except OrchestrateError as problem:
            return state_of(problem)
        requests, errors = found
        if not any(requests.values()):
            return SampleState.NO_DATA
        counted, failed = _values(requests), _values(errors)
        if not all(math.isfinite(one) and one >= 0 for one in (*counted, *failed)):
            return SampleState.NOT_A_NUMBER
        return Counters(requests=round(sum(counted)), errors=round(min(sum(failed), sum(counted))))


class DatadogSeries:
    """The newest value of each query; `{slot}` in it is the slot's name."""

    def __init__(self, datadog: Datadog) -> None:
        self._datadog = datadog

    async def told(
        self, alerts: Mapping[str, Alert], component: Component, slot: Slot
    ) -> dict[str, Parts | SampleState]:
        found = await asyncio.gather(*(self._one(alert, component, slot) for alert in alerts.values()))
        return dict(zip(alerts, found, strict=True))

    async def _one(self, alert: Alert, component: Component, slot: Slot) -> Parts | SampleState:
        query = (alert.query or "").replace("{slot}", slot.name)
        config = component.metrics
        site = alert.url or (config.url if config.kind == "datadog" else None) or SITE
        keys = alert.credentials or config.credentials_for("datadog", alert.url)
        try:
            lines = await self._datadog.lines(site, keys, query, self._datadog.now - RECENT)
        except OrchestrateError as problem:
            return state_of(problem)
        newest = {scope: Told(values[-1]) for scope, values in lines.items() if values}
        return newest or SampleState.NO_DATA


def _values(lines: Mapping[str, list[float]]) -> list[float]:
    """The points of all series."""
    return [value for values in lines.values() for value in values]
