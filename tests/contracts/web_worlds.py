"""Providers that are reached by an HTTP API alone, each with a vendor on loopback."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.hosts import CloudRun, ContainerApps, DigitalOcean, Netlify, Railway, Vercel
from orchestrate.models.smoke import HealthCheck
from tests.contracts.provider_world import Opening, Pushed, World, spoiling
from tests.servers.cloudrun import PROJECT, REGION, cloud_run
from tests.servers.cloudrun import CloudRun as CloudRunServer
from tests.servers.containerapps import APP, GROUP, SUBSCRIPTION, container_apps
from tests.servers.containerapps import ContainerApps as ContainerAppsServer
from tests.servers.digitalocean import APP as OCEAN_APP
from tests.servers.digitalocean import TOKEN as OCEAN_TOKEN
from tests.servers.digitalocean import DigitalOcean as DigitalOceanServer
from tests.servers.digitalocean import digitalocean
from tests.servers.entra_tokens import CLIENT, SECRET, TENANT
from tests.servers.netlify import SITE, netlify
from tests.servers.netlify import TOKEN as NETLIFY_TOKEN
from tests.servers.netlify import Netlify as NetlifyServer
from tests.servers.pushed import Pushed as Registry
from tests.servers.railway import ENVIRONMENT, SERVICE, railway
from tests.servers.railway import TOKEN as RAILWAY_TOKEN
from tests.servers.railway import Railway as RailwayServer
from tests.servers.sample_service import component, environment
from tests.servers.vendor import Vendor
from tests.servers.vercel import PROJECT as PRJ
from tests.servers.vercel import TEAM, TOKEN, vercel
from tests.servers.vercel import Vercel as VercelServer
from tools.provider import Hosting
from tools.providers.cloudrun.provider import CloudRunProvider
from tools.providers.containerapps.provider import ContainerAppsProvider
from tools.providers.digitalocean.provider import DigitalOceanProvider
from tools.providers.netlify.provider import netlify_provider
from tools.providers.railway.provider import RailwayProvider
from tools.providers.vercel.provider import vercel_provider
from tools.systems.shown import Habits

IMPATIENT = Habits(again=0.03, shown=15.0, lost=0.5)

S = TypeVar("S")


class Made(Protocol):
    """A provider that was told of an environment, and of its secrets."""

    def __call__(
        self, environment: Environment, secrets: Callable[[str], str], /, *, habits: Habits
    ) -> Hosting: ...


@asynccontextmanager
async def cloudrun(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    with cloud_run() as (site, _):
        web = in_cloud_run(site)
        shop = environment(folder / "root", web, url="http://127.0.0.1:8080", secrets=("KEY",))
        provider = CloudRunProvider(shop, lambda _: site.account.key, habits=IMPATIENT)
        crash = "container failed to start and listen"
        yield Pushed(provider, web, site.unwrite, crash=crash, push=site.push_version)
        await provider.stop_all(web)
        assert not site.services


def in_cloud_run(site: CloudRunServer, **facts: object) -> Component:
    """The service as a component of the cloudrun provider."""
    image = f"{site.registry}/shop:{{commit}}"
    words = CloudRun(
        image=image, project=PROJECT, region=REGION, service="shop", key="KEY", url=site.url, logs=site.url
    )
    return component(provider="cloudrun", run=(), cloudrun=words, **facts)


@asynccontextmanager
async def containerapps(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    with container_apps() as (site, _):
        web = in_container_apps(site)
        shop = environment(folder / "root", web, url="http://127.0.0.1:8080", secrets=("SECRET",))
        provider = ContainerAppsProvider(shop, lambda _: SECRET, habits=IMPATIENT)
        yield Pushed(provider, web, site.unwrite, crash="Container crashing", push=site.push_version)
        await provider.stop_all(web)
        assert [name for name in site.revisions if site.facts(name)["active"]] == ["shop--hello"]


def in_container_apps(site: ContainerAppsServer, **facts: object) -> Component:
    """The service as a component of the containerapps provider."""
    words = ContainerApps(
        image=f"{site.registry}/shop:{{commit}}",
        subscription=SUBSCRIPTION,
        group=GROUP,
        app=APP,
        tenant=TENANT,
        client=CLIENT,
        secret="SECRET",  # noqa: S106  a name
        url=site.url,
        login=site.url,
    )
    health = HealthCheck(expect={"status": "ok"}, start_seconds=1)
    return component(provider="containerapps", run=(), containerapps=words, health=health, **facts)


def in_vercel(site: VercelServer, **facts: object) -> Component:
    """The service as a component of the vercel provider."""
    words = Vercel(project=PRJ, team=TEAM, token="TOKEN", url=site.url)  # noqa: S106  a name
    health = HealthCheck(expect={"status": "ok"}, start_seconds=1)
    return component(provider="vercel", run=(), vercel=words, health=health, **facts)


def in_netlify(site: NetlifyServer, **facts: object) -> Component:
    """The service as a component of the netlify provider."""
    words = Netlify(site=SITE, token="TOKEN", url=site.url)  # noqa: S106  a name
    health = HealthCheck(expect={"status": "ok"}, start_seconds=1)
    return component(provider="netlify", run=(), netlify=words, health=health, **facts)


def in_digitalocean(site: DigitalOceanServer, **facts: object) -> Component:
    """The service as a component of the digitalocean provider."""
    image = f"{site.registry}/shop:{{commit}}"
    words = DigitalOcean(image=image, app=OCEAN_APP, token="TOKEN", url=site.url)  # noqa: S106  a name
    health = HealthCheck(expect={"status": "ok"}, start_seconds=1)
    return component(provider="digitalocean", run=(), digitalocean=words, health=health, **facts)


def in_railway(site: RailwayServer, **facts: object) -> Component:
    """The service as a component of the railway provider."""
    words = Railway(
        image=f"{site.registry}/shop:{{commit}}",
        environment=ENVIRONMENT,
        service=SERVICE,
        token="TOKEN",  # noqa: S106  a name
        url=site.url,
    )
    return component(provider="railway", run=(), railway=words, instances=1, **facts)


def _by_token(
    server: Callable[[], AbstractContextManager[tuple[S, Vendor]]],
    part: Callable[[S], Component],
    made: Made,
    token: str,
    push: Callable[[S, Version, str], object],
    crash: str,
) -> Opening:
    """A world at a vendor that knows us by one token."""

    @asynccontextmanager
    async def opened(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
        with server() as (site, _):
            web = part(site)
            shop = environment(folder / "root", web, url="http://127.0.0.1:8080", secrets=("TOKEN",))
            provider = made(shop, lambda _: token, habits=IMPATIENT)
            lose = spoiling(folder / "root")
            yield Pushed(provider, web, lose, crash=crash, push=partial(push, site))
            await provider.stop_all(web)

    return opened


def _push(site: VercelServer | NetlifyServer, version: Version, does: str) -> None:
    site.push(version.commit, does)


ANSWERED = "answered 500 instead of 200"
IMAGE = Registry.push_version
at_vercel = _by_token(vercel, in_vercel, vercel_provider, TOKEN, _push, ANSWERED)
at_netlify = _by_token(netlify, in_netlify, netlify_provider, NETLIFY_TOKEN, _push, ANSWERED)
at_railway = _by_token(railway, in_railway, RailwayProvider, RAILWAY_TOKEN, IMAGE, "ended with 3")
at_digitalocean = _by_token(
    digitalocean, in_digitalocean, DigitalOceanProvider, OCEAN_TOKEN, IMAGE, "health checks failed"
)
