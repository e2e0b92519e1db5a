"""Providers under test: each with a component that it can run, and nothing left of it afterwards."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from orchestrate.models.aws import CloudFront
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.hosts import Compose, Custom, Docker, Kubernetes
from orchestrate.models.smoke import HealthCheck
from tests.contracts.provider_world import BAD, DOES, ONE, RED, TWO, Opening, Pushed, World, spoiling
from tests.contracts.web_worlds import (
    at_digitalocean,
    at_netlify,
    at_railway,
    at_vercel,
    cloudrun,
    containerapps,
)
from tests.servers.aws import site as aws
from tests.servers.docker_engine import DockerEngine
from tests.servers.kubernetes.gateway import backends, define, gateway, make_route
from tests.servers.kubernetes.site import Site
from tests.servers.kubernetes.workloads import Team
from tests.servers.live import require
from tests.servers.sample_service import checkout, component, environment, version
from tools.provider import Hosting, MemoryProvider
from tools.providers.awslambda.provider import AwsLambdaProvider
from tools.providers.cloudfront.provider import CloudFrontProvider
from tools.providers.compose.provider import compose_provider
from tools.providers.custom.provider import CustomProvider
from tools.providers.docker.crew import Habits
from tools.providers.docker.provider import docker_provider
from tools.providers.ecs.provider import EcsProvider
from tools.providers.kubernetes.handover import Patience
from tools.providers.kubernetes.provider import KubernetesProvider
from tools.providers.process.provider import ProcessProvider
from tools.traffic import MemoryTraffic

PLACE = str(Path(__file__).parents[1] / "servers" / "custom_place.py")
QUICK = Habits(stop_seconds=2)
WORDS = ("python3", "-S", "service.py", "{port}", "{slot}", "{version}")


@asynccontextmanager
async def memory(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    twin = MemoryProvider()
    twin.start_failures["bad"] = "web-1: crash loop: ended with 3"
    twin.build_failures["red"] = "2 tests failed"

    def lose(slot: str) -> None:
        twin.slots["web", slot] = twin.slots["web", slot].model_copy(update={"version": None})

    yield World(twin, component(), lose)


@asynccontextmanager
async def process(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    build = ("sh", "-c", "! grep -q red does.txt || { echo 2 tests failed; exit 1; }")
    web, router = component(build=(build,)), MemoryTraffic()
    provider = ProcessProvider(environment(folder / "root", web), None, lambda _: router, stop_seconds=2)
    yield World(provider, web, spoiling(folder / "root"))
    await provider.stop_all(web)


@asynccontextmanager
async def docker(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    engine: DockerEngine = request.getfixturevalue("docker_engine")
    web, router = in_docker(engine), MemoryTraffic()
    provider = docker_provider(environment(folder / "root", web), None, lambda _: router, habits=QUICK)
    yield World(provider, web, spoiling(folder / "root"))
    await provider.stop_all(web)


class InCluster(World):
    """A version's image is pushed by others before it is built; each world has a repository of its own."""

    def __init__(self, site: Site, provider: Hosting, web: Component) -> None:
        super().__init__(provider, web, self._unwritten)
        self._site = site

    async def build(self, version: Version) -> None:
        assert self.web.kubernetes is not None
        await self._site.publish(
            self.web.kubernetes.namespace, version, checkout(DOES.get(version.name, "serve"))
        )
        await super().build(version)

    def _unwritten(self, slot: str) -> None:
        """The Deployment of the slot does not say any more which version it is."""
        assert self.web.kubernetes is not None
        path = f"/apis/apps/v1/namespaces/{self.web.kubernetes.namespace}/deployments/web-{slot}"
        merge = {"content-type": "application/merge-patch+json"}
        body = {"metadata": {"annotations": {"orchestrate/version": None}}}
        with self._site.cluster.client() as client:
            client.patch(path, json=body, headers=merge).raise_for_status()


@asynccontextmanager
async def kubernetes(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    site: Site = request.getfixturevalue("kubernetes_site")
    namespace = site.namespace()
    web = in_cluster(site, namespace, repository=namespace)
    shop = environment(folder / "root", web, url="http://127.0.0.1:8080")
    provider = KubernetesProvider(shop, None)
    yield InCluster(site, provider, web)
    await provider.stop_all(web)


@asynccontextmanager
async def routed(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    """With an HTTPRoute, whose gateway is a table in memory."""
    site: Site = request.getfixturevalue("kubernetes_site")
    await define(site.cluster)
    namespace = site.namespace()
    make_route(site.cluster, namespace, "shop", backends("web-blue", "web-green", blue=1))
    web = in_cluster(site, namespace, repository=namespace, route="shop")
    provider = KubernetesProvider(environment(folder / "root", web, url="http://127.0.0.1:8080"), None)
    async with gateway(site.cluster, namespace, "shop", MemoryTraffic()):
        yield InCluster(site, provider, web)
        await provider.stop_all(web)


class HandedOver(InCluster):
    """Its owner waits long for what is well, and not for what is not."""

    def __init__(self, site: Site, provider: Hosting, web: Component, team: Team) -> None:
        super().__init__(site, provider, web)
        self._team = team
        self.crash = "Degraded: ProgressDeadlineExceeded"

    async def build(self, version: Version) -> None:
        await super().build(version)
        if version == BAD:
            self._team.hurry()


@asynccontextmanager
async def handed_over(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    """To a Rollout that is there, with the image that its team made it with."""
    site: Site = request.getfixturevalue("steered_site")
    namespace = site.namespace()
    first = version("v0")
    digest = await site.publish(namespace, first, checkout())
    team = Team(site.cluster, namespace)
    await team.make_rollout(f"{site.registry}/{namespace}@{digest}")
    web = in_cluster(site, namespace, repository=namespace, rollout="shop")
    shop = environment(folder / "root", web, url="http://127.0.0.1:8080")
    made = HandedOver(site, KubernetesProvider(shop, None, patience=Patience(again=0.2)), web, team)
    made.lose = spoiling(folder / "root")
    yield made
    team.leave()


def in_cluster(
    site: Site,
    namespace: str,
    *,
    repository: str = "shop",
    route: str = "",
    ingress: str = "",
    rollout: str = "",
    canary: str = "",
    **facts: object,
) -> Component:
    """The service as a component of the kubernetes provider."""
    words = Kubernetes(
        image=f"{site.registry}/{repository}:{{commit}}",
        namespace=namespace,
        kubeconfig=site.cluster.kubeconfig(),
        port=8000,
        pause=1,
        route=route,
        ingress=ingress,
        rollout=rollout,
        canary=canary,
    )
    run = () if words.owner else (sys.executable, "-S", "service.py", "8000")
    return component(provider="kubernetes", run=run, kubernetes=words, **facts)


@asynccontextmanager
async def compose(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    engine: DockerEngine = request.getfixturevalue("docker_engine")
    require("docker-compose")
    own, router = Compose(socket=engine.socket, port=8000), MemoryTraffic()
    web = component(provider="compose", run=WORDS, compose=own)
    provider = compose_provider(environment(folder / "root", web), None, lambda _: router, habits=QUICK)
    yield World(provider, web, spoiling(folder / "root"))
    await provider.stop_all(web)


@asynccontextmanager
async def custom(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    own = in_a_file(folder / "place.json")
    web = component(provider="custom", run=(), custom=own)
    provider = CustomProvider(environment(folder / "root", web), None)
    yield World(provider, web, spoiling(folder / "root"))
    await provider.stop_all(web)


def in_a_file(file: Path) -> Custom:
    """The commands of a place that is nothing but a file."""

    def command(*words: str) -> tuple[str, ...]:
        return (sys.executable, "-S", PLACE, str(file), *words)

    return Custom(
        start=command("start", "{slot}", "{version}", "{instances}"),
        stop=command("stop", "{slot}"),
        status=command("status"),
        traffic=command("traffic", "{weights}"),
        build=command("build", "{version}", "{checkout}"),
        artifact=command("artifact", "{version}"),
        logs=command("logs", "{slot}", "{lines}"),
    )


def in_docker(engine: DockerEngine, **facts: object) -> Component:
    """The service as a component of the docker provider."""
    words = Docker(socket=engine.socket, port=8000)
    return component(provider="docker", run=WORDS, docker=words, **facts)


@asynccontextmanager
async def ecs(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    site: aws.Site = request.getfixturevalue("aws_site")
    own = site.ecs()
    web = component(provider="ecs", run=(), ecs=own, health=HealthCheck(start_seconds=20))
    shop = environment(folder / "root", web, url="http://127.0.0.1:8080")
    provider = EcsProvider(shop, aws.KEYS.__getitem__, again=0.05)
    yield Pushed(provider, web, partial(site.untag, own), push=partial(site.publish, own.cluster))
    await provider.stop_all(web)


@asynccontextmanager
async def awslambda(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    site: aws.Site = request.getfixturevalue("aws_site")
    own = site.functions()
    web = component(provider="awslambda", run=(), awslambda=own)
    shop = environment(folder / "root", web, url="http://127.0.0.1:8080")
    provider = AwsLambdaProvider(shop, aws.KEYS.__getitem__, again=0.05)
    yield Pushed(provider, web, partial(site.unname, own), push=partial(site.upload, own))
    await provider.stop_all(web)


SITE = """mkdir site; ! grep -q red does.txt || { echo 2 tests failed; exit 1; }
grep -q crash does.txt || printf '{"status": "ok", "version": "%s"}' "$VERSION" > site/health
echo "<h1>$VERSION</h1>" > site/index.html"""


@asynccontextmanager
async def cloudfront(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[World]:
    site: aws.Site = request.getfixturevalue("aws_site")
    web = at_the_edge(site)
    shop = environment(folder / "root", web, url="http://127.0.0.1:8080")
    provider = CloudFrontProvider(shop, aws.KEYS.__getitem__, again=0.03)
    yield World(provider, web, spoiling(folder / "root"), crash="bad has no file 'health'")
    await provider.stop_all(web)


def at_the_edge(site: aws.Site, own: CloudFront | None = None, **facts: object) -> Component:
    """A site whose build makes a page and a file for its health."""
    own = own or site.cloudfront().model_copy(update={"output": "site"})
    patient = HealthCheck(expect={"status": "ok"}, start_seconds=10, timeout=5)
    shown = {"run": (), "build": (("sh", "-c", SITE),), "health": patient} | facts
    return component(provider="cloudfront", cloudfront=own, **shown)


WORLDS: dict[str, Opening] = {
    "memory": memory,
    "process": process,
    "docker": docker,
    "compose": compose,
    "kubernetes": kubernetes,
    "kubernetes with a route": routed,
    "kubernetes handed over": handed_over,
    "custom": custom,
    "ecs": ecs,
    "awslambda": awslambda,
    "cloudrun": cloudrun,
    "vercel": at_vercel,
    "netlify": at_netlify,
    "cloudfront": cloudfront,
    "containerapps": containerapps,
    "digitalocean": at_digitalocean,
    "railway": at_railway,
}
"""Every provider; those that are not here do not count as one."""

MARKS = {
    "docker": (pytest.mark.docker, pytest.mark.slow),
    "compose": (pytest.mark.docker, pytest.mark.slow),
    "kubernetes": (pytest.mark.kubernetes, pytest.mark.slow),
    "kubernetes with a route": (pytest.mark.kubernetes, pytest.mark.slow),
    "kubernetes handed over": (pytest.mark.kubernetes, pytest.mark.slow),
    "ecs": (pytest.mark.slow,),
    "awslambda": (pytest.mark.slow,),
    "netlify": (pytest.mark.slow,),
    "cloudfront": (pytest.mark.slow,),
    "containerapps": (pytest.mark.slow,),
    "digitalocean": (pytest.mark.slow,),
    "railway": (pytest.mark.slow,),
}
__all__ = ["BAD", "KINDS", "ONE", "RED", "TWO", "WORLDS", "World"]

KINDS = [pytest.param(kind, marks=MARKS.get(kind, ())) for kind in WORLDS]
