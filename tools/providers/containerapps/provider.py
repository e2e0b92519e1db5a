"""The Container Apps provider: each slot of a component is a labelled revision of its app."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from orchestrate.errors import EffectRefused, OrchestrateError, StartFailed
from orchestrate.models.environment import Component, Environment
from orchestrate.models.hosts import ContainerApps
from orchestrate.models.move import Scale, SetTraffic, Start
from orchestrate.models.runtime import Instance, Running, Slot
from tools.health import address_of, trouble_at
from tools.provider import Say, refuse_another, require_well, shares
from tools.providers.cloud import Cloud
from tools.providers.containerapps.answers import App, Replica, Revision
from tools.providers.containerapps.client import Client
from tools.providers.containerapps.objects import app_name, containerapps_of, note_of, template, wished
from tools.providers.containerapps.seen import Seen, traffic, whole
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.variables import Variables, unchanged
from tools.providers.pushed_images import Images, OfPushedImages
from tools.providers.revisions import Parts, Wish, emptied, free, placed, shared
from tools.systems.access_token import AccessToken
from tools.systems.azure_account import AzureAccount
from tools.systems.room import not_started
from tools.systems.shown import Habits
from tools.systems.web_api import Headers, WebApi, bearer

AZURE = ".azurecr.io"
"""Registries that take the application with its secret as a user with a password."""

LOG = "read its log in Log Analytics, or with az containerapp logs show"
NOBODY = "an app gives its traffic to one of its revisions, always"


class ContainerAppsProvider(OfPushedImages, Cloud):
    """Runs the components of one environment; the image of a version is kept below `root`."""

    def __init__(
        self,
        environment: Environment,
        secrets: Callable[[str], str],
        *,
        filled: Callable[[str], str] = unchanged,
        habits: Habits | None = None,
    ) -> None:
        self._environment, self._secrets = environment, secrets
        self._habits = habits or Habits()
        self._images = Images(Layout(environment.root), secrets, containerapps_of, login=self.login)
        self._variables = Variables(environment, secrets, filled)
        self._accounts: dict[tuple[str, ...], AccessToken] = {}

    async def running(self, component: Component) -> Running:
        seen = await self._seen(component)
        slots = [await self._slot(component, name, one) for name, one in sorted(seen.slots.items())]
        return Running(component=component.name, slots=tuple(slots), weights=seen.weights)

    async def login(self, component: Component, image: str) -> str:
        """For Azure's own registries, which know the application."""
        own = containerapps_of(component)
        if not own.secret or not image.partition("/")[0].endswith(AZURE):
            return ""
        return f"{own.client}:{self._secrets(own.secret)}"

    async def stop_all(self, component: Component) -> None:
        """End every revision that is ours, the one with the traffic as well; the app stays."""
        client = self._client(component)
        for one in (await self._seen(component)).active.values():
            if note_of(one):
                await client.switch(one.name, is_on=False)

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        """The newest lines of the slot's replicas. Raises as Client.lines."""
        found = (await self._seen(component)).slots.get(slot)
        if found is None or lines <= 0:
            return ()
        return await self._client(component).lines(found.name, lines)

    async def _given(self, component: Component) -> str:
        ingress = (await self._client(component).app()).properties.configuration.ingress
        return address_of(ingress.fqdn) if ingress and ingress.fqdn else ""

    async def _bring_to(self, component: Component, move: Start | Scale, say: Say) -> None:  # noqa: ARG002
        """Have the version in the slot, with so many replicas at least; on failure, what was before."""
        artifact = self._images.require(component, move.version)
        seen = await self._seen(component)
        before = seen.slots.get(move.slot)
        if before and (note := note_of(before)):
            refuse_another(move.slot, note.version, move.version)
        if before and before.kept == move.instances and before.is_ready:
            await self._leave(component, move.slot, before.name)
            return
        variables = self._variables.around(move.slot, move.version)
        wish = Wish(component, move.slot, move.version, move.instances, artifact.location, variables)
        revision = await self._revision(seen, wish)
        now = await self._seen(component)
        parts = whole(placed(now.parts, move.slot, revision), move.slot, revision)
        await self._shared(component, now.app, parts)
        await self._leave(component, move.slot, revision)

    async def _revision(self, seen: Seen, wish: Wish) -> str:
        """The name of a revision that is well and as wished; one that was made before is taken again."""
        seen.require_shares()
        client, app = self._client(wish.component), app_name(wish.component)
        name, found = await free(wished(wish), wish.version, client.revision)

        async def is_made() -> bool:
            now = await client.revision(name)
            return now is not None and not now.has_failed

        made = template(wish, seen.app, name.removeprefix(f"{app}--"))
        try:
            if found is None:
                parts = whole(seen.parts, wish.slot, name)
                await client.patch(seen.app, {**traffic(parts), "template": made}, is_made)
            elif not found.facts.active:
                await client.switch(name, is_on=True)
            await self._well(wish.component, name)
        except (StartFailed, asyncio.CancelledError):
            if not seen.in_force.get(name):
                await asyncio.shield(self._given_up(client, name))
            raise
        return name

    async def _given_up(self, client: Client, failed: str) -> None:
        """A revision that did not get well is ended. What failed is what is told."""
        with suppress(OrchestrateError):
            await self._habits.within(self._habits.shown, client.is_idle)
            await client.switch(failed, is_on=False)

    async def _well(self, component: Component, name: str) -> None:
        """Return when the revision runs, and answers at its own address. Raises StartFailed."""
        client, health = self._client(component), component.health
        until = time.monotonic() + health.start_seconds
        while wrong := await self._trouble(component, client, name):
            if time.monotonic() >= until:
                replicas = "; ".join(one.words for one in await client.replicas(name) if not one.is_well)
                said = f"{wrong}{'; ' if replicas else ''}{replicas}"
                raise not_started(f"{name} is not well after {health.start_seconds} s: {said}", cure=LOG)
            await asyncio.sleep(self._habits.again)

    async def _trouble(self, component: Component, client: Client, name: str) -> str:
        """Why the revision is not well yet; '' when it is. Raises StartFailed when it never will be."""
        found = await client.revision(name)
        if found is None:
            return "Azure does not show it"
        if found.has_failed:
            raise not_started(f"{name}: {found.words}", cure=LOG)
        if not found.is_ready:
            return found.words
        if not component.health.path or not found.facts.fqdn:
            return ""
        wrong = await trouble_at(address_of(found.facts.fqdn), component.health, {})
        return f"{found.facts.fqdn}: {wrong}" if wrong else ""

    async def _share(self, component: Component, move: SetTraffic, say: Say) -> None:  # noqa: ARG002
        seen, wanted = await self._seen(component), shares(move.weights)
        require_well(component, wanted, {name for name, one in seen.slots.items() if one.is_ready})
        if not wanted:
            raise EffectRefused(f"{component.name}: traffic to nobody", NOBODY)
        seen.require_shares()
        await self._shared(component, seen.app, shared(seen.parts, seen.names, wanted))

    async def _stop(self, component: Component, slot: str) -> None:
        """End the slot's revisions; it can be started again as it was."""
        seen = await self._seen(component)
        parts = emptied(seen.parts, seen.names, seen.weights, slot)
        if slot in seen.slots and not parts:
            raise EffectRefused(f"{component.name}: stop {slot}", NOBODY)
        if seen.weights.get(slot):
            await self._shared(component, seen.app, parts)
        await self._leave(component, slot, "")

    async def _leave(self, component: Component, slot: str, kept: str) -> None:
        """End what else was made for the slot and has no traffic."""
        client, seen = self._client(component), await self._seen(component)
        for one in seen.active.values():
            is_its = one.name == seen.names.get(slot) or ((note := note_of(one)) and note.slot == slot)
            if is_its and one.name != kept and not one.facts.traffic_weight:
                await client.switch(one.name, is_on=False)

    async def _shared(self, component: Component, app: App, parts: Parts) -> None:
        """Have exactly these parts in force. Raises ChangedMeanwhile, StartFailed, OutcomeUnknown."""
        wanted = {one.revision: one.percent for one in parts if one.percent}

        async def is_so() -> bool:
            now = await self._seen(component)
            return (now.parts, now.in_force) == (parts, wanted)

        if not await is_so():
            await self._client(component).patch(app, traffic(parts), is_so)

    async def _seen(self, component: Component) -> Seen:
        client = self._client(component)
        app = await client.app()
        return Seen(app, {one.name: one for one in await client.revisions() if one.facts.active})

    async def _slot(self, component: Component, name: str, revision: Revision) -> Slot:
        note = note_of(revision)
        version = note.version if note else None
        artifact = self._images.recorded(component, version) if version else None
        is_it = artifact is None or artifact.location in revision.images
        tree = (version.tree if version else "") if is_it else " ".join(revision.images)
        replicas = sorted(await self._client(component).replicas(revision.name), key=_age)
        instances = tuple(_instance(name, tree, one) for one in replicas[: revision.kept])
        return Slot(name=name, version=version, wanted=revision.kept, instances=instances)

    def _client(self, component: Component) -> Client:
        own = containerapps_of(component)
        renew = f"renew the secret {own.token or own.secret}"
        api = WebApi("Azure", own.url, self._headers(own), renew, pause=self._habits.again)
        return Client(api, component, self._habits)

    def _headers(self, own: ContainerApps) -> Headers:
        return self._account(own).headers if own.token is None else bearer(self._secrets, own.token)

    def _account(self, own: ContainerApps) -> AccessToken:
        name, scope = own.secret or "", f"{own.url.rstrip('/')}/.default"
        key = (own.login, own.tenant, own.client, name, scope)
        if key not in self._accounts:
            account = AzureAccount(
                own.login, own.tenant, own.client, lambda: self._secrets(name), name, scope
            )
            self._accounts[key] = AccessToken(account.given)
        return self._accounts[key]


def _age(replica: Replica) -> tuple[str, str]:
    return replica.facts.created_time, replica.name


def _instance(slot: str, tree: str, replica: Replica) -> Instance:
    return Instance(
        id=replica.name,
        slot=slot,
        address="",
        healthy=replica.is_well,
        restarts=replica.restarts,
        started_at=datetime.fromisoformat(replica.facts.created_time).astimezone(UTC),
        detail="" if replica.is_well else replica.words,
        tree=tree,
    )
