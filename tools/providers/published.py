"""Published: places that build commits by themselves, and show everybody one of these builds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from orchestrate.errors import ChangedMeanwhile, EffectRefused, StartFailed, UnknownVersion
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import Scale, SetTraffic, Start, Weights
from orchestrate.models.runtime import Artifact, Instance, Running, Slot
from tools.health import trouble_at
from tools.provider import Checkout, Say, require_well, shares
from tools.providers.cloud import Cloud
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.slots import Slots, Wanted
from tools.providers.publisher import Built, Publisher, Site
from tools.systems.shown import Habits

ONE = "production points to one build, always"


@dataclass(frozen=True)
class Seen:
    """What the slots should run, the builds of that, and where production points."""

    live: Built | None
    wanted: Mapping[str, Wanted]
    slots: Mapping[str, Built]

    @property
    def weights(self) -> Weights:
        """All to the slot that production points to; another build stands under its own name."""
        if self.live is None or not self.slots:
            return {}
        named = self.live.name
        return {next((slot for slot, one in self.slots.items() if one.name == named), named): 100}


class PublishedProvider(Cloud):
    """Runs the components of one environment; which slot has which build is kept below `root`."""

    def __init__(
        self, environment: Environment, site: Callable[[Component], Awaitable[Site]], habits: Habits
    ) -> None:
        self._environment, self._site, self._habits = environment, site, habits
        self._slots = Slots(Layout(environment.root))

    async def running(self, component: Component) -> Running:
        seen = await self._seen(component, await self._site(component))
        slots = tuple(_slot(name, seen.wanted[name], one) for name, one in sorted(seen.slots.items()))
        unknown = self._slots.unknown(component.name)
        return Running(component=component.name, slots=(*slots, *unknown), weights=seen.weights)

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:  # noqa: ARG002
        """What was built of the commit, or is built now.

        Raises BuildFailed with the place's words, EffectRefused: production would follow every push.
        """
        found = await self._publisher(component).build(version, lambda said: say(f"{component.name}: {said}"))
        say(f"{component.name}: {version.name} is {found.name} ({found.url})")
        return _artifact(component, version, found)

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        """The build of the version's commit, where one is ready."""
        found = await (await self._site(component)).built(version)
        return _artifact(component, version, found) if found and found.is_ready else None

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        """The newest lines of the slot's build. Raises as Site.lines."""
        site = await self._site(component)
        found = (await self._seen(component, site)).slots.get(slot)
        return await site.lines(found, lines) if found is not None and lines > 0 else ()

    async def stop_all(self, component: Component) -> None:
        """Forget the slots; the site stays as it is, and keeps answering."""
        self._slots.forget(component.name)

    def _publisher(self, component: Component) -> Publisher:
        return Publisher(lambda: self._site(component), self._habits)

    async def _bring_to(self, component: Component, move: Start | Scale, say: Say) -> None:  # noqa: ARG002
        """Have the version's build answer well, and its slot known as such."""
        self._slots.refuse_another(component.name, move.slot, move.version)
        site = await self._site(component)
        found = await site.built(move.version)
        if found is None or not found.is_ready:
            raise UnknownVersion(move.version.name)
        await self._well(component, site, found)
        kept = Wanted(version=move.version, wanted=move.instances, build=found.name)
        self._slots.write(component.name, move.slot, kept)

    async def _well(self, component: Component, site: Site, found: Built) -> None:
        """Return when the build answers at its own address. Raises StartFailed."""
        until = time.monotonic() + component.health.start_seconds
        while component.health.path and (wrong := await trouble_at(found.url, component.health, site.proof)):
            if time.monotonic() >= until:
                cure = site.traits.protected if "401" in wrong else ""
                raise StartFailed(f"{found.name} ({found.url}) is unhealthy: {wrong}", cure=cure)
            await asyncio.sleep(self._habits.again)

    async def _share(self, component: Component, move: SetTraffic, say: Say) -> None:
        wanted = shares(move.weights)
        seen = await self._seen(component, await self._site(component))
        require_well(component, wanted, {name for name, one in seen.slots.items() if one.is_ready})
        if len(wanted) != 1:
            raise EffectRefused(f"{component.name}: traffic {wanted or 'to nobody'}", ONE)
        if seen.weights != wanted and not self._slots.may_be_unknown(component.name, move.was):
            _refuse_foreign(component, seen, move)
        (name,) = wanted
        await self._publisher(component).publish(seen.slots[name], say)

    async def _stop(self, component: Component, slot: str) -> None:
        """Forget what the slot ran; the build stays where it can be published again."""
        seen = await self._seen(component, await self._site(component))
        if slot in seen.slots and seen.weights.get(slot):
            raise EffectRefused(f"{component.name}: stop {slot}", ONE)
        self._slots.write(component.name, slot, None)

    async def _seen(self, component: Component, site: Site) -> Seen:
        wanted: dict[str, Wanted] = {}
        found: dict[str, Built] = {}
        for name, kept in self._slots.kept(component.name).items():
            if one := await _build_of(site, kept):
                wanted[name], found[name] = kept, one
        return Seen(site.live, wanted, found)


async def _build_of(site: Site, kept: Wanted) -> Built | None:
    """What a slot has; any build of the same commit is it when production points there."""
    if site.live is not None and site.live.commit == kept.version.commit:
        return site.live
    return await (site.named(kept.build) if kept.build else site.built(kept.version))


def _refuse_foreign(component: Component, seen: Seen, move: SetTraffic) -> None:
    """Nothing is taken from a build that somebody published since. Raises ChangedMeanwhile."""
    live = seen.live
    if live is not None and shares(move.was) and not set(seen.weights) & {*seen.slots}:
        of = f" of {live.commit[:12]}" if live.commit else ""
        said = f"{component.name}: production points to {live.name}{of}, which somebody else put there"
        raise ChangedMeanwhile(said)


def _artifact(component: Component, version: Version, found: Built) -> Artifact:
    return Artifact(component=component.name, version=version, digest=found.name, location=found.url)


def _slot(name: str, kept: Wanted, found: Built) -> Slot:
    """A build as a slot, which has as many instances as were asked for: nobody counts them."""
    is_it = found.commit == kept.version.commit
    instances = tuple(
        Instance(
            id=f"{found.name}/{number}",
            slot=name,
            address="",
            healthy=found.is_ready,
            restarts=0,
            started_at=found.at,
            detail="" if found.is_ready else found.words,
            tree=kept.version.tree if is_it else found.commit,
        )
        for number in range(1, kept.wanted + 1)
    )
    return Slot(name=name, version=kept.version, wanted=kept.wanted, instances=instances)
