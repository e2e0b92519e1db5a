"""The Cloud Run provider: each slot of a component is a tagged revision of its service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrate.errors import EffectRefused, OrchestrateError, StartFailed
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import Scale, SetTraffic, Start, Weights
from orchestrate.models.runtime import Artifact, Instance, Running, Slot
from tools.provider import Say, refuse_another, require_well, shares
from tools.providers.cloud import Cloud
from tools.providers.cloudrun import logs
from tools.providers.cloudrun.answers import Revision, Service, short
from tools.providers.cloudrun.client import Client
from tools.providers.cloudrun.objects import SLOT, cloudrun_of, template, version_of, wished
from tools.providers.cloudrun.shares import in_force, pinned
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.variables import Variables, unchanged
from tools.providers.pushed_images import Images, OfPushedImages
from tools.providers.revisions import Parts, Wish, emptied, free, placed, shared, untagged, weights_of
from tools.systems.access_token import AccessToken
from tools.systems.google_account import GoogleAccount
from tools.systems.room import not_started
from tools.systems.shown import Habits
from tools.systems.web_api import WebApi

GOOGLE = (".pkg.dev", ".gcr.io")
"""Registries that take the same token as Cloud Run."""


@dataclass(frozen=True)
class Seen:
    """The service at one moment, with the revisions of our slots."""

    service: Service | None
    slots: dict[str, Revision]

    @property
    def names(self) -> dict[str, str]:
        """The revision of each slot."""
        return {slot: short(one.name) for slot, one in self.slots.items()}

    @property
    def weights(self) -> Weights:
        return weights_of(in_force(self.service), self.names) if self.service else {}


class CloudRunProvider(OfPushedImages, Cloud):
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
        self._images = Images(Layout(environment.root), secrets, cloudrun_of, login=self.login)
        self._variables = Variables(environment, secrets, filled)
        self._accounts: dict[str, AccessToken] = {}

    async def running(self, component: Component) -> Running:
        seen = await self._seen(component)
        slots = tuple(self._slot(component, name, one) for name, one in sorted(seen.slots.items()))
        return Running(component=component.name, slots=slots, weights=seen.weights)

    async def login(self, component: Component, image: str) -> str:
        """For Google's own registries, which know the account."""
        if not f".{image.partition('/')[0]}".endswith(GOOGLE):
            return ""
        return f"oauth2accesstoken:{await self._account(cloudrun_of(component).key).token()}"

    async def stop_all(self, component: Component) -> None:
        """Remove the service with its revisions: it always gives its traffic to one of them."""
        await self._client(component).delete()

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        """The newest lines of the slot's revision, from Cloud Logging. Raises as logs.newest."""
        found = (await self._seen(component)).slots.get(slot)
        if found is None or lines <= 0:
            return ()
        api = self._api("Cloud Logging", cloudrun_of(component).logs, component)
        return await logs.newest(api, component, found, lines)

    async def _given(self, component: Component) -> str:
        service = await self._client(component).service()
        return service.uri if service else ""

    async def _bring_to(self, component: Component, move: Start | Scale, say: Say) -> None:  # noqa: ARG002
        """Have the version in the slot, on so many instances at least; on failure, what was before."""
        artifact = self._images.require(component, move.version)
        seen = await self._seen(component)
        before = seen.slots.get(move.slot)
        slot = self._slot(component, move.slot, before) if before else None
        if slot:
            refuse_another(move.slot, slot.version, move.version)
        if slot and before and slot.wanted == move.instances and before.is_ready:
            return
        variables = self._variables.around(move.slot, move.version)
        wish = Wish(component, move.slot, move.version, move.instances, artifact.location, variables)
        revision = await self._revision(seen.service, wish)
        await self._place(component, move.slot, revision)

    async def _revision(self, service: Service | None, wish: Wish) -> str:
        """The name of a revision that is ready and as wished; one that was made before is taken again."""
        client = self._client(wish.component)
        name, found = await free(wished(wish), wish.version, client.revision)

        async def is_ready() -> bool:
            return _is_ready(name, await client.revision(name))

        if found is not None:
            await client.until(is_ready)
            return name
        usual = service.template if service else {}
        try:
            if service is None:
                await client.create(template(wish, usual, name), is_ready)
            else:
                await client.renew(service, template(wish, usual, name), pinned(service), is_ready)
        except (StartFailed, asyncio.CancelledError):
            await asyncio.shield(self._taken_back(client, service, name))
            raise
        return name

    async def _taken_back(self, client: Client, before: Service | None, failed: str) -> None:
        """The template as it was; a service that there was not is removed. What failed is what is told."""

        async def is_back() -> bool:
            now = await client.service()
            return now is not None and now.template.get("revision") != failed

        with suppress(OrchestrateError):
            now = await client.service()
            if before is None:
                await client.delete()
            elif now is not None and now.template.get("revision") == failed:
                await client.renew(now, before.template, pinned(now), is_back)

    async def _place(self, component: Component, slot: str, revision: str) -> None:
        """The slot's tag, and what traffic it has, at the revision."""
        seen = await self._seen(component)
        if seen.service is not None:
            await self._shared(component, seen.service, placed(pinned(seen.service), slot, revision))

    async def _share(self, component: Component, move: SetTraffic, say: Say) -> None:  # noqa: ARG002
        seen = await self._seen(component)
        wanted = shares(move.weights)
        require_well(component, wanted, {name for name, one in seen.slots.items() if one.is_ready})
        if not wanted or seen.service is None:
            raise EffectRefused(f"{component.name}: traffic to nobody", NOBODY)
        await self._shared(component, seen.service, shared(pinned(seen.service), seen.names, wanted))

    async def _stop(self, component: Component, slot: str) -> None:
        """Take the slot's tag away: a revision that nobody can ask runs on no instance."""
        seen = await self._seen(component)
        if seen.service is None or slot not in seen.slots:
            return
        parts = emptied(pinned(seen.service), seen.names, seen.weights, slot)
        if not parts:
            raise EffectRefused(f"{component.name}: stop {slot}", NOBODY)
        await self._shared(component, seen.service, untagged(parts, slot))

    async def _shared(self, component: Component, service: Service, parts: Parts) -> None:
        """Have exactly these parts in force. Raises ChangedMeanwhile, StartFailed, OutcomeUnknown."""
        client = self._client(component)

        async def is_so() -> bool:
            now = await client.service()
            return now is not None and in_force(now) == parts and pinned(now) == parts

        if not await is_so():
            await client.share(service, parts, is_so)

    async def _seen(self, component: Component) -> Seen:
        client = self._client(component)
        service = await client.service()
        found: dict[str, Revision] = {}
        for target in in_force(service) if service else ():
            revision = await client.revision(target.revision) if target.tag else None
            if revision is not None and revision.annotations.get(SLOT) == target.tag:
                found[target.tag] = revision
        return Seen(service, found)

    def _slot(self, component: Component, name: str, revision: Revision) -> Slot:
        version = version_of(revision)
        return _slot(name, revision, self._images.recorded(component, version) if version else None)

    def _client(self, component: Component) -> Client:
        api = self._api("Cloud Run", cloudrun_of(component).url, component)
        return Client(api, component, self._habits)

    def _api(self, name: str, url: str, component: Component) -> WebApi:
        key = cloudrun_of(component).key
        renew = f"renew the key in the secret {key}"
        return WebApi(name, url, self._account(key).headers, renew, pause=self._habits.again)

    def _account(self, key: str) -> AccessToken:
        if key not in self._accounts:
            self._accounts[key] = AccessToken(GoogleAccount(lambda: self._secrets(key), key).given)
        return self._accounts[key]


NOBODY = "Cloud Run gives the traffic of a service to one of its revisions, always"


def _is_ready(name: str, found: Revision | None) -> bool:
    """Raises StartFailed with Cloud Run's own words."""
    if found is not None and found.has_failed:
        raise not_started(f"{name}: {found.ready.words}", cure="read its log in Cloud Logging")
    return found is not None and found.is_ready


def _slot(name: str, revision: Revision, artifact: Artifact | None) -> Slot:
    """A tagged revision as a slot. Its instances are those that Cloud Run keeps for it at least."""
    version, wanted = version_of(revision), revision.scaling.min_instance_count
    is_it = artifact is None or artifact.location in revision.images
    one = Instance(
        id=short(revision.name),
        slot=name,
        address="",
        healthy=revision.is_ready,
        restarts=0,
        started_at=datetime.fromisoformat(revision.create_time or "1970-01-01T00:00:00Z").astimezone(UTC),
        detail="" if revision.is_ready else revision.ready.words or "Cloud Run says nothing about it",
        tree=(version.tree if version else "") if is_it else " ".join(revision.images),
    )
    numbered = (one.model_copy(update={"id": f"{one.id}/{number}"}) for number in range(1, wanted + 1))
    return Slot(name=name, version=version, wanted=wanted, instances=tuple(numbered))
