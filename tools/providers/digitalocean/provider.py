"""The digitalocean provider: an app of App Platform that runs one version, and is replaced as a whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from orchestrate.errors import ChangedMeanwhile, OrchestrateError, StartFailed
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import Move, Scale, SetTraffic, Start, Stop, Weights
from orchestrate.models.runtime import Artifact, Instance, Running, Slot
from tools.provider import Checkout, Say, require_well, shares, well_in
from tools.providers.cloud import Cloud
from tools.providers.digitalocean.answers import App, Deployment
from tools.providers.digitalocean.client import Client
from tools.providers.digitalocean.spec import (
    digest_in,
    digitalocean_of,
    instances_in,
    is_same,
    service_name,
    usable,
    wished,
)
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.slots import Slots, Wanted
from tools.providers.pushed_images import Images, OfPushedImages
from tools.systems.room import not_started
from tools.systems.shown import Habits
from tools.systems.web_api import Json, WebApi, bearer

STAYS = "the app goes on answering until another version takes its place"


@dataclass(frozen=True)
class Seen:
    """The app at one moment, and the slot that it is; `is_ours`: it runs what we started there."""

    app: App
    slot: Slot | None = None
    is_ours: bool = False
    digest: str = ""

    @property
    def weights(self) -> Weights:
        """All to our slot; what somebody else deployed stands under its deployment's name."""
        active = self.app.active_deployment
        if self.slot is None or active is None:
            return {}
        return {self.slot.name if self.is_ours else active.id: 100}


class DigitalOceanProvider(OfPushedImages, Cloud):
    """Runs the components of one environment; the slot and each version's image are kept below `root`."""

    def __init__(
        self, environment: Environment, secrets: Callable[[str], str], *, habits: Habits | None = None
    ) -> None:
        self._environment, self._secrets = environment, secrets
        self._habits = habits or Habits()
        layout = Layout(environment.root)
        self._slots = Slots(layout)
        self._images = Images(layout, secrets, digitalocean_of)

    async def running(self, component: Component) -> Running:
        seen = await self._seen(component)
        there = {one.name: one for one in (*self._slots.unknown(component.name), seen.slot) if one}
        return Running(component=component.name, slots=tuple(there.values()), weights=seen.weights)

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        """The version's image in the registry. Raises EffectRefused where a push would go live by itself."""
        app = await self._client(component).app()
        usable(app.spec, component, digitalocean_of(component).image.rpartition(":")[0])
        return await super().build(component, version, checkout, say)

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        await super().apply(component, move, say)
        if isinstance(move, Stop):
            say(f"{component.name}: {STAYS}")

    async def stop_all(self, component: Component) -> None:
        """Forget the slots; the app stays as it is, and keeps answering."""
        self._slots.forget(component.name)

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        """The newest lines of the deployment that the slot is. Raises as Client.lines."""
        seen = await self._seen(component)
        active = seen.app.active_deployment
        if active is None or seen.slot is None or seen.slot.name != slot or lines <= 0:
            return ()
        return await self._client(component).lines(active.id, lines)

    async def _bring_to(self, component: Component, move: Start | Scale, say: Say) -> None:  # noqa: ARG002
        """Have the app run the version, so many times, all well; on failure, what was before."""
        artifact = self._images.require(component, move.version)
        self._slots.refuse_another(component.name, move.slot, move.version)
        await self._put(component, move.slot, artifact, Wanted(version=move.version, wanted=move.instances))

    async def _put(self, component: Component, slot: str, artifact: Artifact, wanted: Wanted) -> None:
        """Have the app run it, well, in the slot; the one whose place it took has 0 wanted from then on."""
        client = self._client(component)
        app = await self._free(component, client)
        spec = wished(app.spec, component, artifact.location, wanted.wanted)
        active = app.active_deployment
        if active and all(is_same(one, spec, client.service) for one in (app.spec, active.spec)):
            await self._until_live(component, client, active, wanted.wanted)
        else:
            await self._replaced(component, client, app, spec)
        for name, former in self._slots.kept(component.name).items():
            self._slots.write(component.name, name, former.model_copy(update={"wanted": 0}))
        self._slots.write(component.name, slot, wanted)

    async def _free(self, component: Component, client: Client) -> App:
        """The app when nobody changes it. Raises ChangedMeanwhile where that does not come."""
        until = time.monotonic() + component.health.start_seconds
        app = await client.app()
        while app.under_way is not None:
            if time.monotonic() >= until:
                said = f"{component.name}: the deployment {app.under_way.id} of the app does not end"
                raise ChangedMeanwhile(said)
            await asyncio.sleep(self._habits.again)
            app = await client.app()
        if app.pinned_deployment is not None:
            said = f"{component.name}: somebody took the app back to {app.pinned_deployment.id}"
            raise ChangedMeanwhile(f"{said}, and holds it there; commit or revert that at DigitalOcean")
        return app

    async def _replaced(self, component: Component, client: Client, app: App, spec: Json) -> None:
        """Return when the app is as `spec` says, live and well; on failure it is as it was."""
        former = await client.former(spec)
        begun = await (client.rollback(former) if former else client.update(spec))
        try:
            await self._until_live(component, client, begun, instances_in(spec, client.service))
        except (StartFailed, asyncio.CancelledError):
            await asyncio.shield(_taken_back(client, app.spec))
            raise

    async def _until_live(self, component: Component, client: Client, begun: Deployment, wanted: int) -> None:
        until = time.monotonic() + component.health.start_seconds
        while True:
            found = await client.deployment(begun.id)
            _refuse_ended(component, found)
            ready = await client.ready() if found.is_active else 0
            if ready >= wanted and await _is_shown(client, found):
                return
            if time.monotonic() >= until:
                how = f"{ready} of {wanted} instances are well" if found.is_active else found.phase
                late = f"{found.id} is not well after {component.health.start_seconds} s"
                raise StartFailed(f"{component.name}: {late}: {how}")
            await asyncio.sleep(self._habits.again)

    async def _share(self, component: Component, move: SetTraffic, say: Say) -> None:
        seen, wanted = await self._seen(component), shares(move.weights)
        active = seen.app.active_deployment
        if former := self._former(component, seen, move):
            await self._put(component, *former)
            return
        if shares(move.was) and seen.slot and active and not seen.is_ours:
            said = f"{component.name}: the app runs {active.id}, which somebody else deployed"
            raise ChangedMeanwhile(said)
        if not wanted:
            say(f"{component.name}: {STAYS}")
            return
        require_well(component, wanted, well_in([seen.slot] if seen.slot else []))

    def _former(
        self, component: Component, seen: Seen, move: SetTraffic
    ) -> tuple[str, Artifact, Wanted] | None:
        """What a slot had that is to have all of the traffic again; None where others deployed since."""
        wanted = shares(move.weights)
        name = next(iter(wanted), "")
        former = self._slots.kept(component.name).get(name)
        if len(wanted) != 1 or former is None or former.wanted or seen.slot is None:
            return None
        artifact = self._images.require(component, former.version)
        is_there = artifact.digest == seen.digest  # it was brought back, and nobody came to write that down
        count = former.model_copy(update={"wanted": seen.slot.wanted})
        may_be_ours = seen.is_ours or self._slots.may_be_unknown(component.name, move.was)
        return (name, artifact, count) if may_be_ours or is_there else None

    async def _stop(self, component: Component, slot: str) -> None:
        """Forget what the slot was."""
        self._slots.write(component.name, slot, None)

    async def _seen(self, component: Component) -> Seen:
        client = self._client(component)
        app, slot = await client.app(), self._started(component)
        active = app.active_deployment
        if slot is None or active is None:
            return Seen(app, slot)
        version, digest = slot.version, digest_in(active.spec, client.service)
        artifact = self._images.recorded(component, version) if version else None
        is_ours = artifact is not None and artifact.digest == digest
        ready = await client.ready() if is_ours else 0
        tree = version.tree if version and is_ours else digest
        count = instances_in(active.spec, client.service)
        found = {
            "wanted": slot.wanted if version else count,
            "instances": tuple(_instance(slot.name, active, one, tree, ready) for one in range(1, count + 1)),
        }
        return Seen(app, slot.model_copy(update=found), is_ours, digest)

    def _started(self, component: Component) -> Slot | None:
        """The slot that was started last and not stopped; one that was replaced has 0 wanted."""
        names = [name for name, one in self._slots.kept(component.name).items() if one.wanted]
        known = (self._slots.slot(component.name, name) for name in names)
        return next(iter((*known, *self._slots.unknown(component.name))), None)

    def _client(self, component: Component) -> Client:
        own = digitalocean_of(component)
        headers = bearer(self._secrets, own.token)
        renew = f"renew the token in the secret {own.token}"
        api = WebApi("DigitalOcean", own.url, headers, renew, pause=self._habits.again)
        return Client(api, own.app, service_name(component), self._habits)


def _refuse_ended(component: Component, found: Deployment) -> None:
    """Raise StartFailed, ChangedMeanwhile where a deployment will not come to live any more."""
    if found.phase == "SUPERSEDED":
        said = f"{component.name}: somebody else deployed the app while {found.id} was under way"
        raise ChangedMeanwhile(said)
    if not (found.is_active or found.is_under_way):
        said = f"{component.name}: DigitalOcean could not deploy it ({found.id}): {found.words}"
        raise not_started(said)


async def _is_shown(client: Client, found: Deployment) -> bool:
    active = (await client.app()).active_deployment
    return active is not None and active.id == found.id


async def _taken_back(client: Client, spec: Json) -> None:
    """What was before, as soon as it can be; what went wrong first is what is told."""
    with suppress(OrchestrateError):
        await client.update(spec)


def _instance(slot: str, active: Deployment, number: int, tree: str, ready: int) -> Instance:
    is_well = number <= ready
    return Instance(
        id=f"{active.id}/{number}",
        slot=slot,
        address="",
        healthy=is_well,
        restarts=0,
        started_at=active.updated_at,
        detail="" if is_well else f"{ready} instances of {active.id} are well",
        tree=tree,
    )
