"""A place: one environment with everything that reaches into it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from orchestrate.models.environment import Component, Environment
from orchestrate.models.runtime import Running
from tools.metrics import Metrics
from tools.migrations import Target
from tools.provider import Addresses, Logs, Provider
from tools.series import MemorySeries, SeriesSource


async def untended(component: Component) -> tuple[str, ...]:  # noqa: ARG001
    """Tends a place that tends itself."""
    return ()


async def nothing(component: Component) -> None:  # noqa: ARG001
    """Closes a place where nothing stays open."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One environment, its provider, its metric source, and its databases by component."""

    environment: Environment
    provider: Provider
    addresses: Addresses
    logs: Logs
    metrics: Metrics
    series: SeriesSource = field(default_factory=MemorySeries)  # what alerts are judged from
    targets: Mapping[str, Target] = field(default_factory=dict[str, Target])
    secret: Callable[[str], str]  # raises NotFound for a secret without a value
    tend: Callable[[Component], Awaitable[tuple[str, ...]]] = untended  # brings back what should run
    close: Callable[[Component], Awaitable[None]] = nothing  # stops all instances and the router

    async def running(self) -> dict[str, Running]:
        """What runs of each component, now."""
        return {one.name: await self.provider.running(one) for one in self.environment.components}

    def component(self, name: str) -> Component:
        return self.environment.component(name)


Places = Callable[[str], Place]
"""The place of an environment by name. Raises UnknownEnvironment."""
