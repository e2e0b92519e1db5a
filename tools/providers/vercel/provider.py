"""The vercel provider: a slot is a deployment that Vercel built, and production points to one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.hosts import Vercel
from tools.health import address_of
from tools.providers.published import PublishedProvider
from tools.providers.publisher import Built, Traits
from tools.providers.vercel.answers import Deployment, Project
from tools.providers.vercel.client import Client
from tools.systems.shown import Habits
from tools.systems.web_api import WebApi, bearer

BYPASS = "x-vercel-protection-bypass"
LOOSE = (
    "the project gives its production domains to each new build by itself; "
    "turn off «Auto-assign Custom Production Domains» in its settings for production"
)
TRAITS = Traits(
    vendor="Vercel",
    protected="give `vercel` a `bypass`, where the deployment is protected",
    elsewhere="see the project's deployments at Vercel; a rolling release goes its own way",
)


@dataclass(frozen=True)
class VercelSite:
    """A project as it was read."""

    client: Client
    project: Project
    proof: Mapping[str, str]
    traits: Traits = TRAITS

    @property
    def live(self) -> Built | None:
        return _built(self.project.production)

    @property
    def loose(self) -> str:
        return LOOSE if self.project.auto_assign_custom_domains else ""

    async def named(self, name: str) -> Built | None:
        return _built(await self.client.deployment(name))

    async def lines(self, build: Built, count: int) -> tuple[str, ...]:
        return await self.client.lines(build.name, count)

    async def built(self, version: Version) -> Built | None:
        return _built(await self.client.built(self.project, version))

    async def begin(self, version: Version) -> Built:
        return built(await self.client.build(self.project, version))

    async def point(self, build: Built) -> None:
        await self.client.promote(self.project, build.name)

    async def hold(self) -> None:
        """Nothing: that is a person's setting."""


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
        is_under_way=found.is_under_way,
        words=found.words,
    )


def _built(found: Deployment | None) -> Built | None:
    return built(found) if found else None


def _client(own: Vercel, secrets: Callable[[str], str], habits: Habits) -> Client:
    headers = bearer(secrets, own.token)
    renew = f"renew the token in the secret {own.token}"
    return Client(WebApi("Vercel", own.url, headers, renew, pause=habits.again), own)
