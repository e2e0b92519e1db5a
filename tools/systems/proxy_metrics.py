"""Proxy metrics: what the router in front of a component counted, whatever the component says."""

from __future__ import annotations

from collections.abc import Callable

from orchestrate.errors import OrchestrateError
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Running
from orchestrate.models.sample import LATENCY_EDGES_MS, Counters, SampleState
from tools.metrics import running_slots
from tools.traffic import Traffic

NOTHING_YET = Counters(requests=0, errors=0, buckets=(0,) * (len(LATENCY_EDGES_MS) + 1))


class ProxyMetrics:
    """Reads the counters of the component's router."""

    def __init__(self, traffic: Callable[[Component], Traffic]) -> None:
        self._traffic = traffic

    async def read(self, component: Component, running: Running) -> dict[str, Counters | SampleState]:
        names = [slot.name for slot in running_slots(running)]
        if not component.port:
            return dict.fromkeys(names, Counters(requests=0, errors=0))
        router = self._traffic(component)
        try:
            found, is_up = await router.counters(), bool(await router.weights())
        except OrchestrateError:
            return dict.fromkeys(names, SampleState.SOURCE_DOWN)
        missing = NOTHING_YET if is_up else SampleState.SOURCE_DOWN
        return {name: found.get(name, missing) for name in names}
