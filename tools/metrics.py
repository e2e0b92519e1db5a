"""Metrics: what the numbers of a running slot are."""

from __future__ import annotations

from typing import Protocol

from orchestrate.models.environment import Component
from orchestrate.models.runtime import Running
from orchestrate.models.sample import Counters, SampleState


class Metrics(Protocol):
    """A source of numbers about the slots of a component."""

    async def read(self, component: Component, running: Running) -> dict[str, Counters | SampleState]:
        """Totals of each running slot since its start, or the way in which they are missing."""
        ...
