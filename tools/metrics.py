"""Metrics: what the numbers of a running slot are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from orchestrate.errors import AccessDenied, CredentialsExpired, OrchestrateError, RateLimited
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Running, Slot
from orchestrate.models.sample import Counters, SampleState


class Metrics(Protocol):
    """A source of numbers about the slots of a component."""

    async def read(self, component: Component, running: Running) -> dict[str, Counters | SampleState]:
        """Totals of each running slot since its start, or the way in which they are missing."""
        ...


def state_of(problem: OrchestrateError) -> SampleState:
    """The way in which numbers are missing whose source failed like this."""
    match problem:
        case CredentialsExpired():
            return SampleState.EXPIRED
        case AccessDenied():
            return SampleState.DENIED
        case RateLimited():
            return SampleState.THROTTLED
        case _:
            return SampleState.SOURCE_DOWN


class MemoryMetrics:
    """Tells what a test says; a running slot of which it said nothing has no data."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, str], Counters | SampleState] = {}  # by component and slot

    async def read(self, component: Component, running: Running) -> dict[str, Counters | SampleState]:
        return {
            slot.name: self.numbers.get((component.name, slot.name), SampleState.NO_DATA)
            for slot in running_slots(running)
        }


class SourceByComponent:
    """Asks for each component the source that its settings name."""

    def __init__(self, sources: Mapping[str, Metrics]) -> None:
        self._sources = sources

    async def read(self, component: Component, running: Running) -> dict[str, Counters | SampleState]:
        return await self._sources[component.name].read(component, running)


def running_slots(running: Running) -> tuple[Slot, ...]:
    """The slots in which something is meant to run."""
    return tuple(slot for slot in running.slots if slot.version is not None and slot.wanted > 0)


def combined(parts: Mapping[str, Counters]) -> Counters:
    """The totals of a slot from those of its instances; latency only where every instance has it."""
    totals = list(parts.values())
    buckets = [total.buckets for total in totals if total.buckets is not None]
    is_measured = bool(buckets) and len(buckets) == len(totals)
    return Counters(
        requests=sum(total.requests for total in totals),
        errors=sum(total.errors for total in totals),
        buckets=tuple(map(sum, zip(*buckets, strict=True))) if is_measured else None,
        database_errors=sum(total.database_errors for total in totals),
        parts=dict(parts),
    )
