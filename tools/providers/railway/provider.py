"""The Railway provider: a start replaces what runs, by Railway's health check; slots know deployments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrate.errors import ChangedMeanwhile, EffectRefused, OrchestrateError, StartFailed
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import Scale, SetTraffic, Start, Weights
from orchestrate.models.runtime import Instance, Running, Slot
from tools.provider import Say, refuse_another, require_well, shares
from tools.providers.cloud import Cloud
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.slots import Slots, Wanted
from tools.providers.pushed_images import Images, OfPushedImages
from tools.providers.railway.answers import UNDER_WAY, Deployment, Service
from tools.providers.railway.client import Client, railway_of
from tools.providers.railway.graph import Graph
from tools.systems.shown import Habits
from tools.systems.web_api import WebApi

ONE = "a service gives its domain to one deployment, always"


@dataclass(frozen=True)
class Seen:
    """The service at one moment, and what the slots remember."""

    service: Service
    kept: Mapping[str, Wanted]

    @property
    def live(self) -> Deployment | None:
        return self.service.live

    def has(self, slot: str) -> bool:
        """Whether the slot's deployment has the domain."""
        return slot in self.kept and self.live is not None and self.kept[slot].build == self.live.id

    @property
    def weights(self) -> Weights:
        """All to the slot that is live; another deployment stands under its own name."""
        if self.live is None or not self.kept:
            return {}
        return {next((slot for slot in self.kept if self.has(slot)), self.live.id): 100}


class RailwayProvider(OfPushedImages, Cloud):
    """Runs the components of one environment; images and slots are kept below `root`."""

    def __init__(
        self, environment: Environment, secrets: Callable[[str], str], *, habits: Habits | None = None
    ) -> None:
        self._environment, self._secrets = environment, secrets
        self._habits = habits or Habits()
        self._slots = Slots(Layout(environment.root))
        self._images = Images(Layout(environment.root), secrets, railway_of)

    async def running(self, component: Component) -> Running:
        """The slot that is live; what another one had is gone, and can be brought back."""
        seen = await self._seen(component)
        slots = tuple(self._slot(component, name, seen) for name in seen.kept if seen.has(name))
        unknown = self._slots.unknown(component.name)
        return Running(component=component.name, slots=(*slots, *unknown), weights=seen.weights)

    async def stop_all(self, component: Component) -> None:
        """End what we deployed, and forget the slots; the service stays."""
        for name in (await self._seen(component)).kept:
            await self._stop(component, name)
        self._slots.forget(component.name)

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        kept = self._slots.read(component.name, slot)
        if kept is None or not kept.build or lines <= 0:
            return ()
        return await self._client(component).lines(kept.build, lines)

    async def _bring_to(self, component: Component, move: Start | Scale, say: Say) -> None:  # noqa: ARG002
        """Have the version live in the slot; on failure, what was before still is."""
        image = self._images.require(component, move.version).location
        seen = await self._seen(component)
        self._slots.refuse_unknown(component.name, move.slot, move.version)
        if seen.has(move.slot):
            refuse_another(move.slot, seen.kept[move.slot].version, move.version)
            if seen.live is not None and seen.live.is_well:
                return
        await self._deploy(component, seen.service, move.slot, move.version, image)

    async def _share(self, component: Component, move: SetTraffic, say: Say) -> None:  # noqa: ARG002
        """Have the slot's version live; where it is not any more, it is deployed again, by its digest."""
        seen, wanted = await self._seen(component), shares(move.weights)
        require_well(component, wanted, seen.kept)
        if len(wanted) != 1:
            raise EffectRefused(f"{component.name}: traffic {wanted or 'to nobody'}", ONE)
        (name,) = wanted
        if seen.has(name):
            return
        is_foreign = shares(move.was) and not set(seen.weights) & {*seen.kept}
        if is_foreign and not self._slots.may_be_unknown(component.name, move.was):
            said = f"{component.name}: {' '.join(seen.weights) or 'nothing'} is live, which somebody else did"
            raise ChangedMeanwhile(said)
        version = seen.kept[name].version
        image = self._images.require(component, version).location
        await self._deploy(component, seen.service, name, version, image)

    async def _deploy(
        self, component: Component, service: Service, slot: str, version: Version, image: str
    ) -> None:
        """Deploy the image, and return when Railway has found it well and given it the domain."""
        client, live, begun = self._client(component), service.live, service.under_way(image)
        if live is not None and live.is_well and live.image == image:
            begun = live.id  # it was deployed, and nobody came to write that down
        else:
            try:
                if not begun:
                    await client.source(image)
                    begun = await client.begin()
                await client.well(begun)
            except (StartFailed, asyncio.CancelledError):
                await asyncio.shield(_taken_back(client, service, image, begun))
                raise
        self._slots.write(component.name, slot, Wanted(version=version, wanted=1, build=begun))

    async def _stop(self, component: Component, slot: str) -> None:
        """Forget what the slot has; where it is live, end it, and nothing answers any more."""
        seen = await self._seen(component)
        if seen.has(slot) and seen.live is not None:
            await self._client(component).remove(seen.live.id)
        self._slots.write(component.name, slot, None)

    def _slot(self, component: Component, name: str, seen: Seen) -> Slot:
        version, live = seen.kept[name].version, seen.live
        assert live is not None  # only the live slot is shown
        artifact = self._images.recorded(component, version)
        is_it = artifact is None or live.image in ("", artifact.location)
        one = Instance(
            id=live.id,
            slot=name,
            address="",
            healthy=live.is_well,
            restarts=0,
            started_at=datetime.fromisoformat(live.created_at).astimezone(UTC),
            detail="" if live.is_well else live.words,
            tree=version.tree if is_it else live.image,
        )
        return Slot(name=name, version=version, wanted=1, instances=(one,))

    async def _seen(self, component: Component) -> Seen:
        kept = self._slots.kept(component.name)
        return Seen(await self._client(component).service(), kept)

    def _client(self, component: Component) -> Client:
        own = railway_of(component)

        async def headers(is_stale: bool) -> Mapping[str, str]:  # noqa: ARG001  it does not change by itself
            token = self._secrets(own.token)
            is_project = own.scope == "project"
            return {"project-access-token": token} if is_project else {"authorization": f"Bearer {token}"}

        renew = f"renew the token in the secret {own.token}, and see that `scope` is its kind"
        api = WebApi("Railway", own.url, headers, renew, pause=self._habits.again)
        return Client(Graph(api), component, self._habits)


async def _taken_back(client: Client, before: Service, image: str, begun: str) -> None:
    """What the next deployment would be made of is what it was. What failed is what is told."""
    with suppress(OrchestrateError):
        if begun and (await client.deployment(begun)).status in UNDER_WAY:
            await client.cancel(begun)
    former = before.source.image if before.source else None
    if former == image and before.live is not None:
        former = before.live.image  # a start that was left half done had named its own already
    with suppress(OrchestrateError):
        if former:
            await client.source(former)
