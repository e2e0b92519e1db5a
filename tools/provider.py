"""Providers: where components run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from orchestrate.errors import BuildFailed, StartFailed, UnknownVersion
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Drain, Move, Scale, SetTraffic, Start, Stop, Weights, words
from orchestrate.models.runtime import Artifact, Instance, Resources, Running, Slot

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


@runtime_checkable
class Measuring(Protocol):
    """A provider that can tell what its instances take, and needs a moment for it that no move has."""

    async def measured(self, component: Component) -> Running:
        """What runs, with the CPU and the memory of its instances."""
        ...


async def measured(provider: Provider, component: Component) -> Running:
    """What runs, with the CPU and the memory of its instances where the provider can tell them."""
    if isinstance(provider, Measuring):
        return await provider.measured(component)
    return await provider.running(component)


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


class Hosting(Provider, Logs, Addresses, Protocol):
    """All that a place to deploy to does; what it cannot is declared in orchestrate/models/abilities.py."""

    async def tend(self, component: Component) -> tuple[str, ...]:
        """Bring back what should run and does not; what that was. A move under way is left alone."""
        ...

    async def stop_all(self, component: Component) -> None:
        """End everything of the component that takes up room or a port; artifacts and logs stay."""
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
            return shares(running.weights) == shares(weights)
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


def refuse_another(slot: str, runs: Version | None, version: Version) -> None:
    """Raise StartFailed unless a slot that is there runs `version`: what nobody knows is not taken for it."""
    if runs is None:
        raise runs_unknown(slot, version)
    if runs.tree != version.tree:
        raise runs_another(slot, version)


def runs_unknown(slot: str, version: Version, why: str = "") -> StartFailed:
    """Why `version` cannot be started in a slot of which nobody knows what it runs."""
    return StartFailed(
        f"nobody knows which version {slot} runs{f' ({why})' if why else ''}; "
        f"it must be stopped before {version.name} starts",
        cure="see what runs there, and end it or put back what says which version it is; "
        "the other slot can have the traffic meanwhile",
    )


def runs_another(slot: str, version: Version) -> StartFailed:
    """Why `version` cannot be started in a slot that another one has."""
    return StartFailed(f"{slot} runs another version; it must be stopped before {version.name} starts")


def require_well(component: Component, weights: Weights, well: Container[str]) -> None:
    """Raise StartFailed where traffic would go to a slot that is not one of those that are well."""
    for name in shares(weights):
        if name not in well:
            raise StartFailed(f"{component.name}: {name} has no healthy instance to give traffic to")


def well_in(slots: Iterable[Slot]) -> set[str]:
    """The slots of which some instance is healthy."""
    return {slot.name for slot in slots if any(one.healthy for one in slot.instances)}


def shares(weights: Weights) -> Weights:
    """The weights of those that have any."""
    return {slot: share for slot, share in weights.items() if share}


def without(weights: Weights, slot: str) -> Weights:
    """The weights when `slot` has none: the others share what it had, each in proportion."""
    left = {name: share for name, share in weights.items() if name != slot}
    total = sum(left.values())
    if total in (0, 100):
        return left if total else {}
    scaled = {name: share * 100 // total for name, share in left.items()}
    largest = max(scaled, key=lambda name: left[name])
    scaled[largest] += 100 - sum(scaled.values())
    return scaled


class MemoryProvider:
    """Runs everything in memory, at once; a test says which versions do not build or start."""

    def __init__(self) -> None:
        self.artifacts: dict[tuple[str, str], Artifact] = {}
        self.slots: dict[tuple[str, str], Slot] = {}
        self.weights: dict[str, Weights] = {}
        self.full = Resources(disk=10.0, memory=10.0, cpu=10.0)
        self.digests: dict[str, str] = {}  # tree → what a build gives, where it is not the usual
        self.build_failures: dict[str, str] = {}  # version name → what the build says
        self.start_failures: dict[str, str] = {}  # version name → why it does not get well
        self.lines: dict[str, list[str]] = {}  # slot → log
        self.done: list[Move] = []
        self._pids = 1000

    async def running(self, component: Component) -> Running:
        slots = tuple(slot for (part, _), slot in sorted(self.slots.items()) if part == component.name)
        return Running(component=component.name, slots=slots, weights=self.weights.get(component.name, {}))

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:  # noqa: ARG002
        found = await self.artifact(component, version)
        if found is not None:
            return found
        if version.name in self.build_failures:
            raise BuildFailed(self.build_failures[version.name])
        say(f"{component.name}: built {version.name}")
        digest = self.digests.get(version.tree, version.tree)
        location = f"memory/{component.name}/{version.tree}"
        built = Artifact(component=component.name, version=version, digest=digest, location=location)
        self.artifacts[component.name, version.tree] = built
        return built

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        return self.artifacts.get((component.name, version.tree))

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        say(words(move))
        match move:
            case Start(slot=name, version=version, instances=count):
                await self._bring_to(component, name, version, count)
            case Scale(slot=name, version=version, instances=count):
                await self._bring_to(component, name, version, count)
            case SetTraffic(weights=weights):
                self._share(component, weights)
            case Stop(slot=name):
                self.slots.pop((component.name, name), None)
                self.weights[component.name] = without(self.weights.get(component.name, {}), name)
            case _:
                pass
        self.done.append(move)

    async def resources(self) -> Resources:
        return self.full

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:  # noqa: ARG002
        return tuple(self.lines.get(slot, [])[-lines:]) if lines > 0 else ()

    async def public(self, component: Component) -> str:
        return f"http://127.0.0.1:{component.port}" if component.port else ""

    async def tend(self, component: Component) -> tuple[str, ...]:  # noqa: ARG002
        return ()

    async def stop_all(self, component: Component) -> None:
        self.slots = {key: slot for key, slot in self.slots.items() if key[0] != component.name}
        self.weights.pop(component.name, None)

    async def _bring_to(self, component: Component, name: str, version: Version, count: int) -> None:
        if await self.artifact(component, version) is None:
            raise UnknownVersion(version.name)
        if version.name in self.start_failures:
            raise StartFailed(self.start_failures[version.name])
        slot = self.slots.get((component.name, name))
        if slot and slot.instances:
            refuse_another(name, slot.version, version)
        kept = slot.instances[:count] if slot else ()
        new = (self._instance(component, name, number) for number in range(len(kept) + 1, count + 1))
        self.slots[component.name, name] = Slot(
            name=name, version=version, wanted=count, instances=(*kept, *new)
        )

    def _instance(self, component: Component, slot: str, number: int) -> Instance:
        self._pids += 1
        return Instance(
            id=f"{slot}-{number}",
            slot=slot,
            address=f"127.0.0.1:{self._pids}" if component.port else "",
            healthy=True,
            restarts=0,
            started_at=datetime.now(UTC),
            pid=self._pids,
        )

    def _share(self, component: Component, weights: Weights) -> None:
        own = (slot for (part, _), slot in self.slots.items() if part == component.name)
        require_well(component, weights, well_in(own))
        self.weights[component.name] = weights
