"""Providers: where components run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Drain, Move, Scale, SetTraffic, Start, Stop
from orchestrate.models.runtime import Artifact, Resources, Running, Slot

Checkout = Callable[[Version, Path], Awaitable[None]]
Say = Callable[[str], None]  # one line of progress, for the deployment's log


class Provider(Protocol):
    """A place that runs components of one environment."""

    async def running(self, component: Component) -> Running:
        """Slots, instances and traffic, as they are now."""
        ...

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        """Make the artifact of `version`, or return the one that exists.

        Raises BuildFailed with the output's end, ProgramMissing.
        """
        ...

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        """The artifact of `version`, if it was built and is whole."""
        ...

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        """Do a move (Start, Scale, SetTraffic, Drain, Stop) and return when the world shows it.

        Doing a move twice leaves the world as doing it once.
        Raises StartFailed, PortTaken, ProgramMissing, UnknownVersion.
        """
        ...

    async def resources(self) -> Resources:
        """How full the place is."""
        ...


class Logs(Protocol):
    """What instances wrote."""

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        """The newest `lines` lines of all instances of a slot, oldest first."""
        ...


class Addresses(Protocol):
    """Where a component is reached."""

    async def public(self, component: Component) -> str:
        """Base URL at which people reach it, or ''."""
        ...


def holds(move: Move, running: Running) -> bool:
    """Whether the world already shows what `move` would bring about."""
    slot = running.slot(getattr(move, "slot", ""))
    match move:
        case Start(version=version, instances=instances):
            return _runs(slot, version, instances)
        case Scale(version=version, instances=instances):
            return _runs(slot, version, instances)
        case SetTraffic(weights=weights):
            return _shares(running.weights) == _shares(weights)
        case Stop():
            return slot is None or slot.wanted == 0 and not slot.instances
        case Drain():
            return False
        case _:
            return False


def _runs(slot: Slot | None, version: Version, instances: int) -> bool:
    return (
        slot is not None
        and slot.version is not None
        and slot.version.tree == version.tree
        and slot.wanted == instances
        and slot.is_healthy
    )


def _shares(weights: dict[str, int]) -> dict[str, int]:
    return {slot: share for slot, share in weights.items() if share}
