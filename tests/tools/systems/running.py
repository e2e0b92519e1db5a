"""What runs, for tests of metric sources."""

from __future__ import annotations

from datetime import UTC, datetime

from orchestrate.models.change import Version
from orchestrate.models.environment import Component, MetricsConfig
from orchestrate.models.runtime import Instance, Running, Slot
from tools.systems.prometheus import Prometheus
from tools.systems.vendor import Vendor

VERSION = Version(commit="a" * 40, tree="b" * 40, name="v1")


def running(slots: dict[str, list[str]]) -> Running:
    """Slots and the addresses of their instances."""
    return Running(component="api", slots=tuple(slot(name, found) for name, found in slots.items()))


def slot(name: str, addresses: list[str]) -> Slot:
    instances = tuple(
        Instance(
            id=f"{name}-{number}",
            slot=name,
            address=address,
            healthy=True,
            restarts=0,
            started_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        for number, address in enumerate(addresses, start=1)
    )
    return Slot(name=name, version=VERSION, wanted=len(addresses) or 1, instances=instances)


def component(**metrics: str) -> Component:
    return Component(name="api", port=8080, metrics=MetricsConfig.model_validate(metrics))


def asking(seconds: float = 5.0) -> Prometheus:
    """Prometheus, shown the name of the secret where one is named."""
    return Prometheus(lambda name: f"token-of-{name}", Vendor("Prometheus", seconds))
