"""Endpoint metrics: what each instance tells about itself, summed per slot."""

from __future__ import annotations

import asyncio

from orchestrate.errors import Unreachable
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Instance, Running, Slot
from orchestrate.models.sample import Counters, SampleState
from tools.fetch import KIB, Ask, fetch
from tools.metrics import combined, running_slots
from tools.systems.exposition import Exposition, counters, parse

MOST = 4 * KIB * KIB


class EndpointMetrics:
    """Asks every instance for its own metrics page.

    One instance that cannot be read makes the whole slot unreadable: it may be the one that fails.
    """

    def __init__(self, seconds: float = 3.0) -> None:
        self._seconds = seconds

    async def read(self, component: Component, running: Running) -> dict[str, Counters | SampleState]:
        slots = running_slots(running)
        found = await asyncio.gather(*(self._slot(component, slot) for slot in slots))
        return {slot.name: numbers for slot, numbers in zip(slots, found, strict=True)}

    async def _slot(self, component: Component, slot: Slot) -> Counters | SampleState:
        if not slot.instances:
            return SampleState.NO_INSTANCE
        found = await asyncio.gather(*(self._instance(component, one) for one in slot.instances))
        parts: dict[str, Counters] = {}
        for instance, numbers in zip(slot.instances, found, strict=True):
            if isinstance(numbers, SampleState):
                return numbers
            parts[instance.id] = numbers
        return combined(parts)

    async def _instance(self, component: Component, instance: Instance) -> Counters | SampleState:
        told = await page(component, instance, self._seconds)
        return told if isinstance(told, SampleState) else counters(told, component.metrics)


async def page(component: Component, instance: Instance, seconds: float) -> Exposition | SampleState:
    """What one instance tells about itself, or the way in which it does not."""
    if not instance.address:
        return SampleState.NO_DATA
    url = f"http://{instance.address}{component.metrics.path}"
    try:
        answer = await fetch(Ask(url=url, seconds=seconds, cap=MOST))
    except Unreachable:
        return SampleState.SOURCE_DOWN
    if answer.status >= 500:
        return SampleState.SOURCE_DOWN
    if answer.status != 200:
        return SampleState.NO_DATA
    try:
        return parse(answer.text)
    except Unreachable:
        return SampleState.NO_DATA
