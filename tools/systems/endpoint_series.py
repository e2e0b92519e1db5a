"""Endpoint series: single metrics that each instance tells about itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from orchestrate.errors import Unreachable
from orchestrate.models.alert import Alert
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Slot
from orchestrate.models.sample import SampleState
from tools.series import Kind, Parts, Told
from tools.systems.endpoint_metrics import page
from tools.systems.exposition import Exposition, selected

KINDS: Mapping[str, Kind] = {
    "counter": Kind.TOTAL,
    "histogram": Kind.SUM,
    "summary": Kind.SUM,
}


class EndpointSeries:
    """Asks every instance for its own metrics page, once for all alerts.

    One instance that cannot be read makes the whole slot unreadable: it may be the one that fails.
    """

    def __init__(self, seconds: float = 3.0) -> None:
        self._seconds = seconds

    async def told(
        self, alerts: Mapping[str, Alert], component: Component, slot: Slot
    ) -> dict[str, Parts | SampleState]:
        if not slot.instances:
            return dict.fromkeys(alerts, SampleState.NO_INSTANCE)
        pages = await asyncio.gather(*(page(component, one, self._seconds) for one in slot.instances))
        missing = next((one for one in pages if isinstance(one, SampleState)), None)
        if missing is not None:
            return dict.fromkeys(alerts, missing)
        read = {
            instance.id: told
            for instance, told in zip(slot.instances, pages, strict=True)
            if isinstance(told, Exposition)
        }
        return {name: _parts(read, alert.metric or "") for name, alert in alerts.items()}


def _parts(read: Mapping[str, Exposition], selector: str) -> Parts | SampleState:
    found: dict[str, Told] = {}
    for instance, exposition in read.items():
        one = _told(exposition, selector)
        if one is None:
            return SampleState.NO_DATA
        found[instance] = one
    return found


def _told(exposition: Exposition, selector: str) -> Told | None:
    """The metric of one instance, its series added up; a total that nothing was added to yet is 0."""
    try:
        kind = _kind(exposition, selector)
        if kind is Kind.SUM:
            sums, counts = selected(exposition, selector, "_sum"), selected(exposition, selector, "_count")
            return Told(sum(sums), kind, sum(counts)) if counts else None
        values = selected(exposition, selector)
    except Unreachable:
        return None
    is_declared = kind is Kind.TOTAL and exposition.has(selector.partition("{")[0].strip())
    return Told(sum(values), kind) if values or is_declared else None


def _kind(exposition: Exposition, selector: str) -> Kind:
    name = selector.partition("{")[0].strip()
    declared = exposition.kinds.get(name) or exposition.kinds.get(name.removesuffix("_total"), "")
    usual = Kind.TOTAL if name.endswith(("_total", "_sum", "_count", "_bucket")) else Kind.LEVEL
    return KINDS.get(declared, usual)
