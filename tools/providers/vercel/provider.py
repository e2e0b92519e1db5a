"""The vercel provider: a slot is a deployment that Vercel built, and production points to one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrate.errors import BuildFailed, EffectRefused
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.hosts import Vercel
from tools.health import address_of
from tools.provider import Say
from tools.providers.published import Built, PublishedProvider
from tools.providers.vercel.answers import Deployment, Project
from tools.providers.vercel.client import Client
from tools.systems.shown import Habits
from tools.systems.web_api import WebApi

BYPASS = "x-vercel-protection-bypass"
STAGE = "turn off «Auto-assign Custom Production Domains» in its settings for production"


@dataclass(frozen=True)
class VercelSite:
    """A project as it was read."""

    client: Client
    project: Project
    proof: Mapping[str, str]
    protected: str = "give `vercel` a `bypass`, where the deployment is protected"

    @property
    def live(self) -> Built | None:
        return _built(self.project.production)

    async def named(self, name: str) -> Built | None:
        return _built(await self.client.deployment(name))

    async def built(self, version: Version) -> Built | None:
        return _built(await self.client.built(self.project, version))

    async def build(self, version: Version, say: Say) -> Built:
        if self.project.auto_assign_custom_domains:
            said = "the project gives its production domains to each new build by itself"
            raise EffectRefused(f"{self.project.name}: build at Vercel", f"{said}; {STAGE}")
        found = await self.client.built(self.project, version)
        if found is None or not (found.is_ready or found.is_under_way):
            say(f"Vercel builds {version.commit[:12]}")
            found = await self.client.build(self.project, version, found.name if found else "")
        found = await self.client.ended(found)
        if not found.is_ready:
            raise BuildFailed(f"{self.project.name}: Vercel could not build {version.name}: {found.words}")
        await self.client.until_listed(self.project, version)
        return built(found)

    async def publish(self, build: Built, say: Say) -> None:  # noqa: ARG002
        if self.live is None or self.live.name != build.name:
            await self.client.promote(self.project, build.name)


def vercel_provider(
    environment: Environment, secrets: Callable[[str], str], *, habits: Habits | None = None
) -> PublishedProvider:
    """Runs the components of one environment as projects of Vercel."""
    used = habits or Habits()

    async def site(component: Component) -> VercelSite:
        own = vercel_of(component)
        client = _client(own, secrets, used)
        proof = {BYPASS: secrets(own.bypass)} if own.bypass else {}
        return VercelSite(client, await client.project(), proof)

    return PublishedProvider(environment, site, used)


def vercel_of(component: Component) -> Vercel:
    """Which project it is; the settings do not take a component without it."""
    assert component.vercel is not None
    return component.vercel


def built(found: Deployment) -> Built:
    """A deployment in our words."""
    return Built(
        name=found.name,
        url=address_of(found.url),
        commit=found.commit,
        at=datetime.fromtimestamp(found.created_at / 1000, UTC),
        is_ready=found.is_ready,
        words=found.words,
    )


def _built(found: Deployment | None) -> Built | None:
    return built(found) if found else None


def _client(own: Vercel, secrets: Callable[[str], str], habits: Habits) -> Client:
    async def headers(is_stale: bool) -> Mapping[str, str]:  # noqa: ARG001  it does not change by itself
        return {"authorization": f"Bearer {secrets(own.token)}"}

    renew = f"renew the token in the secret {own.token}"
    return Client(WebApi("Vercel", own.url, headers, renew, pause=habits.again), own, habits)
