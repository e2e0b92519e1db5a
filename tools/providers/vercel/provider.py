"""The Vercel provider: a slot is a deployment that Vercel built, and production points to one of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrate.errors import (
    BuildFailed,
    ChangedMeanwhile,
    EffectRefused,
    StartFailed,
    UnknownVersion,
    Unreachable,
)
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.hosts import Vercel
from orchestrate.models.move import Drain, Move, Scale, SetTraffic, Start, Stop, Weights, words
from orchestrate.models.runtime import Artifact, Instance, Resources, Running, Slot
from tools.fetch import Ask, fetch
from tools.health import trouble
from tools.provider import Checkout, Say, require_well, runs_another, shares
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.slots import Slots, Wanted
from tools.providers.vercel.answers import Deployment, Project
from tools.providers.vercel.client import Client
from tools.systems.shown import Habits
from tools.systems.web_api import WebApi

BYPASS = "x-vercel-protection-bypass"
HERE = ("127.0.0.1", "localhost")
PRODUCTION = "production of a project points to one deployment, always"


@dataclass(frozen=True)
class Seen:
    """What the slots should run, the deployments of that, and where production points."""

    project: Project
    wanted: Mapping[str, Wanted]
    slots: Mapping[str, Deployment]

    @property
    def weights(self) -> Weights:
        """All to the slot that production points to; another deployment stands under its own name."""
        live = self.project.production
        if live is None or not self.slots:
            return {}
        name = next((slot for slot, one in self.slots.items() if one.name == live.name), live.name)
        return {name: 100}


class VercelProvider:
    """Runs the components of one environment; which slot has which version is kept below `root`."""

    def __init__(
        self, environment: Environment, secrets: Callable[[str], str], *, habits: Habits | None = None
    ) -> None:
        self._environment, self._secrets = environment, secrets
        self._slots = Slots(Layout(environment.root))
        self._habits = habits or Habits()

    async def running(self, component: Component) -> Running:
        seen = await self._seen(component)
        slots = tuple(_slot(name, seen.wanted[name], one) for name, one in sorted(seen.slots.items()))
        return Running(component=component.name, slots=slots, weights=seen.weights)

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:  # noqa: ARG002
        """The deployment that Vercel built of the commit, or builds now.

        Raises BuildFailed with Vercel's words, EffectRefused: production would follow every push by itself.
        """
        client = self._client(component)
        project = await client.project()
        if project.auto_assign_custom_domains:
            said = "the project gives its production domains to each new build by itself"
            raise EffectRefused(f"{component.name}: build at Vercel", f"{said}; {STAGE}")
        found = await client.built(project, version)
        if found is None or not (found.is_ready or found.is_under_way):
            say(f"{component.name}: Vercel builds {version.commit[:12]}")
            found = await client.build(project, version, found.name if found else "")
        found = await client.ended(found)
        if not found.is_ready:
            raise BuildFailed(f"{component.name}: Vercel could not build {version.name}: {found.words}")
        await client.until_listed(project, version)
        say(f"{component.name}: {version.name} is {found.name} ({found.url})")
        return _artifact(component, version, found)

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        """The deployment of the version's commit, where one is ready."""
        client = self._client(component)
        found = await client.built(await client.project(), version)
        return _artifact(component, version, found) if found and found.is_ready else None

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        say(words(move))
        match move:
            case Start() | Scale():
                await self._bring_to(component, move)
            case SetTraffic():
                await self._share(component, move)
            case Drain():
                return  # a request that has begun is answered by the deployment where it began
            case Stop(slot=name):
                await self._stop(component, name)
            case _:
                raise EffectRefused(words(move), "it is no move of a provider")

    async def tend(self, component: Component) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing: Vercel runs what is asked for when it is asked."""
        return ()

    async def stop_all(self, component: Component) -> None:
        """Forget the slots; the project stays as it is, and keeps answering."""
        for name in self._slots.names(component.name):
            self._slots.write(component.name, name, None)

    async def resources(self) -> Resources:
        return Resources()

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing: Vercel shows what functions wrote in its own place."""
        return ()

    async def public(self, component: Component) -> str:  # noqa: ARG002
        return self._environment.url

    async def _bring_to(self, component: Component, move: Start | Scale) -> None:
        """Have the version's deployment answer well, and its slot known as such."""
        before = self._slots.read(component.name, move.slot)
        if before is not None and before.version.tree != move.version.tree:
            raise runs_another(move.slot, move.version)
        client = self._client(component)
        found = await client.built(await client.project(), move.version)
        if found is None or not found.is_ready:
            raise UnknownVersion(move.version.name)
        await self._well(component, found)
        self._slots.write(component.name, move.slot, Wanted(version=move.version, wanted=move.instances))

    async def _well(self, component: Component, found: Deployment) -> None:
        """Return when the deployment answers at its own address. Raises StartFailed."""
        until = time.monotonic() + component.health.start_seconds
        while component.health.path and (wrong := await self._trouble(component, found)):
            if time.monotonic() >= until:
                cure = "give `vercel` a `bypass`, where the deployment is protected" if "401" in wrong else ""
                raise StartFailed(f"{found.name} ({found.url}) is unhealthy: {wrong}", cure=cure)
            await asyncio.sleep(self._habits.again)

    async def _trouble(self, component: Component, found: Deployment) -> str:
        own, health = vercel_of(component), component.health
        scheme = "http" if found.url.partition(":")[0] in HERE else "https"
        headers = {BYPASS: self._secrets(own.bypass)} if own.bypass else {}
        url = f"{scheme}://{found.url}{health.path}"
        try:
            answer = await fetch(Ask(url=url, headers=headers, seconds=health.timeout, is_enough_begun=True))
        except Unreachable as problem:
            return str(problem)
        return trouble(answer, health)

    async def _share(self, component: Component, move: SetTraffic) -> None:
        seen, wanted = await self._seen(component), shares(move.weights)
        require_well(component, wanted, {name for name, one in seen.slots.items() if one.is_ready})
        if len(wanted) != 1:
            raise EffectRefused(f"{component.name}: traffic {wanted or 'to nobody'}", PRODUCTION)
        if seen.weights == wanted:
            return
        (name,) = wanted
        _refuse_foreign(component, seen, move)
        await self._client(component).promote(seen.project, seen.slots[name].name)

    async def _stop(self, component: Component, slot: str) -> None:
        """Forget what the slot ran; the deployment stays where it can be promoted again."""
        seen = await self._seen(component)
        if slot in seen.slots and seen.weights.get(slot):
            raise EffectRefused(f"{component.name}: stop {slot}", PRODUCTION)
        self._slots.write(component.name, slot, None)

    async def _seen(self, component: Component) -> Seen:
        client = self._client(component)
        project = await client.project()
        wanted: dict[str, Wanted] = {}
        found: dict[str, Deployment] = {}
        for name in self._slots.names(component.name):
            kept = self._slots.read(component.name, name)
            live = project.production
            if kept is None:
                continue
            is_live = live is not None and live.commit == kept.version.commit
            one = live if is_live else await client.built(project, kept.version)
            if one is not None:
                wanted[name], found[name] = kept, one
        return Seen(project, wanted, found)

    def _client(self, component: Component) -> Client:
        own = vercel_of(component)

        async def headers(is_stale: bool) -> Mapping[str, str]:  # noqa: ARG001  it does not change by itself
            return {"authorization": f"Bearer {self._secrets(own.token)}"}

        renew = f"renew the token in the secret {own.token}"
        api = WebApi("Vercel", own.url, headers, renew, pause=self._habits.again)
        return Client(api, own, self._habits)


STAGE = "turn off «Auto-assign Custom Production Domains» in its settings for production"


def vercel_of(component: Component) -> Vercel:
    """Which project it is; the settings do not take a component without it."""
    assert component.vercel is not None
    return component.vercel


def _refuse_foreign(component: Component, seen: Seen, move: SetTraffic) -> None:
    """Nothing is taken from a deployment that somebody promoted since. Raises ChangedMeanwhile."""
    live = seen.project.production
    if live is not None and shares(move.was) and not set(seen.weights) & {*seen.slots}:
        of = f" of {live.commit[:12]}" if live.commit else ""
        said = f"{component.name}: production points to {live.name}{of}, which somebody else promoted"
        raise ChangedMeanwhile(said)


def _artifact(component: Component, version: Version, found: Deployment) -> Artifact:
    return Artifact(component=component.name, version=version, digest=found.name, location=found.url)


def _slot(name: str, kept: Wanted, found: Deployment) -> Slot:
    """A deployment as a slot, which has as many instances as were asked for: Vercel counts none."""
    is_it = found.commit == kept.version.commit
    instances = tuple(
        Instance(
            id=f"{found.name}/{number}",
            slot=name,
            address="",
            healthy=found.is_ready,
            restarts=0,
            started_at=datetime.fromtimestamp(found.created_at / 1000, UTC),
            detail="" if found.is_ready else found.words,
            tree=kept.version.tree if is_it else found.commit,
        )
        for number in range(1, kept.wanted + 1)
    )
    return Slot(name=name, version=kept.version, wanted=kept.wanted, instances=instances)
