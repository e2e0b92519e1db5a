"""The netlify provider: a slot is a deploy that Netlify built, and the site shows one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.hosts import Netlify
from tools.providers.netlify.answers import Deploy, SiteShown
from tools.providers.netlify.client import Client
from tools.providers.published import PublishedProvider
from tools.providers.publisher import Built, Traits
from tools.systems.shown import Habits
from tools.systems.web_api import WebApi, bearer

LOOSE = "the site publishes each push by itself; «Stop auto publishing» among its deploys at Netlify"
TRAITS = Traits(
    vendor="Netlify",
    protected="take the password from the site's deploys: Netlify gives no other way in",
    elsewhere="see the site's deploys at Netlify: somebody else may publish there",
)


@dataclass(frozen=True)
class NetlifySite:
    """A site as it was read."""

    client: Client
    shown: SiteShown
    proof: Mapping[str, str] = field(default_factory=dict[str, str])
    traits: Traits = TRAITS

    @property
    def live(self) -> Built | None:
        return self._built(self.shown.published_deploy)

    @property
    def loose(self) -> str:
        published = self.shown.published_deploy
        return "" if published is not None and published.locked else LOOSE

    async def named(self, name: str) -> Built | None:
        return self._built(await self.client.deploy(name))

    async def lines(self, build: Built, count: int) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing: Netlify's API shows no log."""
        return ()

    async def built(self, version: Version) -> Built | None:
        return self._built(await self.client.built(version))

    async def begin(self, version: Version) -> Built:
        return self._of(await self.client.build(version))

    async def point(self, build: Built) -> None:
        await self.client.restore(build.name)

    async def hold(self) -> None:
        """What is published by hand lets auto publishing begin again."""
        if self.live is not None:
            await self.client.lock(self.live.name)

    def _built(self, found: Deploy | None) -> Built | None:
        return self._of(found) if found else None

    def _of(self, found: Deploy) -> Built:
        own = f"https://{found.id}--{self.shown.name}.netlify.app"
        return Built(
            name=found.id,
            url=(found.links.permalink or own).rstrip("/"),
            commit=found.commit,
            at=found.created_at,
            is_ready=found.is_ready,
            is_under_way=found.is_under_way,
            words=found.words,
        )


def netlify_provider(
    environment: Environment, secrets: Callable[[str], str], *, habits: Habits | None = None
) -> PublishedProvider:
    """Runs the components of one environment as sites of Netlify."""
    used = habits or Habits()

    async def site(component: Component) -> NetlifySite:
        client = _client(netlify_of(component), secrets, used)
        return NetlifySite(client, await client.shown())

    return PublishedProvider(environment, site, used)


def netlify_of(component: Component) -> Netlify:
    """Which site it is; the settings do not take a component without it."""
    assert component.netlify is not None
    return component.netlify


def _client(own: Netlify, secrets: Callable[[str], str], habits: Habits) -> Client:
    headers = bearer(secrets, own.token)
    renew = f"renew the token in the secret {own.token}"
    return Client(WebApi("Netlify", own.url, headers, renew, pause=habits.again), own.site)
