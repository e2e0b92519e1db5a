"""Providers that are reached by an HTTP API alone, each with a vendor on loopback."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.hosts import CloudRun, ContainerApps, DigitalOcean, Netlify, Railway, Vercel
from orchestrate.models.smoke import HealthCheck
from tests.contracts.provider_world import DOES, World
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


class OfPushed(World):
    """A version's image is pushed by others before it is built."""

    def __init__(self, site: Registry, provider: Hosting, web: Component, crash: str) -> None:
        super().__init__(provider, web, crash=crash)
        self._site = site

    async def build(self, version: Version) -> None:
        self._site.push(f"{self._site.registry}/shop:{version.commit}", DOES.get(version.name, "serve"))
        await super().build(version)


@asynccontextmanager
async def cloudrun(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    with cloud_run() as (site, _):
        web = in_cloud_run(site)
        shop = environment(folder / "root", web, url="http://127.0.0.1:8080", secrets=("KEY",))
        provider = CloudRunProvider(shop, lambda _: site.account.key, habits=IMPATIENT)
        yield OfPushed(site, provider, web, "container failed to start and listen")
        await provider.stop_all(web)
        assert not site.services


def in_cloud_run(site: CloudRunServer, **facts: object) -> Component:
    """The service as a component of the cloudrun provider."""
    image = f"{site.registry}/shop:{{commit}}"
    words = CloudRun(image=image, project=PROJECT, region=REGION, service="shop", key="KEY", url=site.url)
    return component(provider="cloudrun", run=(), cloudrun=words, **facts)


@asynccontextmanager
async def containerapps(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    with container_apps() as (site, _):
        web = in_container_apps(site)
        shop = environment(folder / "root", web, url="http://127.0.0.1:8080", secrets=("SECRET",))
        provider = ContainerAppsProvider(shop, lambda _: SECRET, habits=IMPATIENT)
        yield OfPushed(site, provider, web, "Container crashing")
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


class Pushed(World):
    """A version's commit is pushed by others before it is built."""

    def __init__(self, site: VercelServer | NetlifyServer, provider: Hosting, web: Component) -> None:
        super().__init__(provider, web, crash="answered 500 instead of 200")
        self._site = site

    async def build(self, version: Version) -> None:
        self._site.push(version.commit, DOES.get(version.name, "serve"))
        await super().build(version)


@asynccontextmanager
async def at_vercel(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    with vercel() as (site, _):
        web = in_vercel(site)
        shop = environment(folder / "root", web, url="http://127.0.0.1:8080", secrets=("TOKEN",))
        provider = vercel_provider(shop, lambda _: TOKEN, habits=IMPATIENT)
        yield Pushed(site, provider, web)
        await provider.stop_all(web)


def in_vercel(site: VercelServer, **facts: object) -> Component:
    """The service as a component of the vercel provider."""
    words = Vercel(project=PRJ, team=TEAM, token="TOKEN", url=site.url)  # noqa: S106  a name
    health = HealthCheck(expect={"status": "ok"}, start_seconds=1)
    return component(provider="vercel", run=(), vercel=words, health=health, **facts)


@asynccontextmanager
async def at_netlify(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    with netlify() as (site, _):
        web = in_netlify(site)
        shop = environment(folder / "root", web, url="http://127.0.0.1:8080", secrets=("TOKEN",))
        provider = netlify_provider(shop, lambda _: NETLIFY_TOKEN, habits=IMPATIENT)
        yield Pushed(site, provider, web)
        await provider.stop_all(web)


def in_netlify(site: NetlifyServer, **facts: object) -> Component:
    """The service as a component of the netlify provider."""
    words = Netlify(site=SITE, token="TOKEN", url=site.url)  # noqa: S106  a name
    health = HealthCheck(expect={"status": "ok"}, start_seconds=1)
    return component(provider="netlify", run=(), netlify=words, health=health, **facts)


@asynccontextmanager
async def at_digitalocean(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    with digitalocean() as (site, _):
        web = in_digitalocean(site)
        shop = environment(folder / "root", web, url="http://127.0.0.1:8080", secrets=("TOKEN",))
        provider = DigitalOceanProvider(shop, lambda _: OCEAN_TOKEN, habits=IMPATIENT)
        yield OfPushed(site, provider, web, "health checks failed")
        await provider.stop_all(web)


def in_digitalocean(site: DigitalOceanServer, **facts: object) -> Component:
    """The service as a component of the digitalocean provider."""
    image = f"{site.registry}/shop:{{commit}}"
    words = DigitalOcean(image=image, app=OCEAN_APP, token="TOKEN", url=site.url)  # noqa: S106  a name
    health = HealthCheck(expect={"status": "ok"}, start_seconds=1)
    return component(provider="digitalocean", run=(), digitalocean=words, health=health, **facts)


@asynccontextmanager
async def at_railway(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    with railway() as (site, _):
        web = in_railway(site)
        shop = environment(folder / "root", web, url="http://127.0.0.1:8080", secrets=("TOKEN",))
        provider = RailwayProvider(shop, lambda _: RAILWAY_TOKEN, habits=IMPATIENT)
        yield OfPushed(site, provider, web, "ended with 3")
        await provider.stop_all(web)


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
