"""Prometheus series: what queries of the settings give."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from orchestrate.errors import Unreachable
from orchestrate.models.alert import Alert
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Slot
from orchestrate.models.sample import SampleState
from tools.series import Parts, Told
from tools.systems.prometheus import vector


class PrometheusSeries:
    """Asks each query of its server; `{slot}` in it is the slot's name."""

    def __init__(self, seconds: float = 5.0) -> None:
        self._seconds = seconds

    async def told(
        self, alerts: Mapping[str, Alert], component: Component, slot: Slot
    ) -> dict[str, Parts | SampleState]:
        found = await asyncio.gather(*(self._one(alert, component, slot) for alert in alerts.values()))
        return dict(zip(alerts, found, strict=True))

    async def _one(self, alert: Alert, component: Component, slot: Slot) -> Parts | SampleState:
        query = (alert.query or "").replace("{slot}", slot.name)
        try:
            lines = await vector(alert.url or component.metrics.url or "", query, self._seconds)
        except Unreachable:
            return SampleState.SOURCE_DOWN
        parts = {str(sorted(labels.items())): Told(value) for labels, value in lines}
        return parts or SampleState.NO_DATA
