"""Series: what single metrics of a slot tell, from which alerts are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from orchestrate.models.alert import Alert, Source
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Slot
from orchestrate.models.sample import SampleState


class Kind(StrEnum):
    """How a number is to be read."""

    LEVEL = "level"  # as it is
    TOTAL = "total"  # per second, since the last look
    SUM = "sum"  # divided by how many were added, since the last look


@dataclass(frozen=True)
class Told:
    """One number, of one instance or one line of an answer."""

    value: float
    kind: Kind = Kind.LEVEL
    count: float = 0.0  # of a SUM: how many were added up


Parts = Mapping[str, Told]  # instance, or labels → number


class SeriesSource(Protocol):
    """Tells what alerts are judged from."""

    async def told(
        self, alerts: Mapping[str, Alert], component: Component, slot: Slot
    ) -> dict[str, Parts | SampleState]:
        """For each alert the numbers of its series now, or the way in which they are missing."""
        ...


class MemorySeries:
    """Tells levels as a test says; of anything else there is no data."""

    def __init__(self) -> None:
        self.levels: dict[tuple[str, str], float | SampleState] = {}  # by alert, and slot or "" for all

    async def told(
        self,
        alerts: Mapping[str, Alert],
        component: Component,  # noqa: ARG002
        slot: Slot,
    ) -> dict[str, Parts | SampleState]:
        return {name: self._parts(name, slot.name) for name in alerts}

    def _parts(self, name: str, slot: str) -> Parts | SampleState:
        level = self.levels.get((name, slot), self.levels.get((name, ""), SampleState.NO_DATA))
        return level if isinstance(level, SampleState) else {slot: Told(level)}


@dataclass(frozen=True)
class SeriesBySource:
    """Asks for each alert whoever its settings name."""

    sources: Mapping[Source, SeriesSource]

    async def told(
        self, alerts: Mapping[str, Alert], component: Component, slot: Slot
    ) -> dict[str, Parts | SampleState]:
        found: dict[str, Parts | SampleState] = {}
        for name, source in self.sources.items():
            own = {key: alert for key, alert in alerts.items() if alert.source is name}
            found |= await source.told(own, component, slot) if own else {}
        return found


@dataclass(frozen=True)
class SeriesOfBoth:
    """Asks the component for its own metrics, and Prometheus for queries."""

    own: SeriesSource
    queried: SeriesSource

    async def told(
        self, alerts: Mapping[str, Alert], component: Component, slot: Slot
    ) -> dict[str, Parts | SampleState]:
        own = {name: alert for name, alert in alerts.items() if alert.query is None}
        queried = {name: alert for name, alert in alerts.items() if alert.query is not None}
        found = await self.own.told(own, component, slot) if own else {}
        return {**found, **(await self.queried.told(queried, component, slot) if queried else {})}
