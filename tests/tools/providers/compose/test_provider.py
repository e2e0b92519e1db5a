"""The compose provider: what a compose file says stays so, and what a deployment decides is decided."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from orchestrate.errors import BuildFailed
from orchestrate.models.change import Version
from orchestrate.models.hosts import Compose
from orchestrate.models.move import Start
from tests.contracts.provider_worlds import WORDS
from tests.servers.docker_engine import BASE, DockerEngine
from tests.servers.live import require
from tests.servers.sample_service import checkout, component, environment, silent, version
from tests.tools.providers.docker.conftest import WORD, asked
from tools.provider import Checkout
from tools.providers.compose.files import Words, instance_of, running, service_of
from tools.providers.compose.provider import compose_provider
from tools.providers.docker.containers import Order
from tools.providers.docker.crew import Habits
from tools.providers.docker.provider import ContainerProvider
from tools.traffic import MemoryTraffic

ONE = version("v1")
FILE = f"""services:
  shop:
    build: {{context: ., args: {{WHAT: shop}}}}
    image: shop:${{VERSION}}
    container_name: shop
    ports: ["80:8000"]
    environment: {{COLOUR: "${{COLOUR}}", LITERAL: "a $$ sign"}}
    depends_on: [db, mail]
    deploy: {{replicas: 5}}
  db:
    image: {BASE}
    command: [python3, -c, "import time; time.sleep(600)"]
  mail:
    image: {BASE}
"""
WEB = component(provider="compose", run=WORDS, compose=Compose(service="shop", port=8000))
MAIL = component(name="mail", port=0, provider="compose")
DOCUMENT: Words = {
    "version": "3.9",
    "services": {
        "shop": {
            "build": {"context": "."}, "ports": [{"published": 80, "target": 8000}],
            "environment": {"PLAIN": "yes"},
            "depends_on": {"db": {"condition": "service_started"}, "mail": {}},
            "volumes": ["/data:/data"], "container_name": "shop", "restart": "no",
        },
        "db": {"image": "postgres"},
    },
}  # fmt: skip


def with_compose(text: str, behaviour: str = "serve") -> Checkout:
    async def write(version: Version, folder: Path) -> None:
        await checkout(behaviour)(version, folder)
        await asyncio.to_thread((folder / "compose.yaml").write_text, text)

    return write


def test_an_instance_is_its_service_with_what_a_deployment_decides() -> None:
    order = Order(WEB, "blue", 2, ONE, "sha256:1", 4711, {"SECRET": WORD})

    made = running(DOCUMENT, "shop", order, "place", ["mail", "shop"])

    one = service_of(made, instance_of("shop", order))
    assert (one["image"], one["ports"], one["restart"]) == (
        "sha256:1",
        ["127.0.0.1:4711:8000"],
        "unless-stopped",
    )
    assert one["environment"] == {"PLAIN": "yes", "SECRET": None}
    assert one["depends_on"] == {"db": {"condition": "service_started"}}
    assert one["networks"] == {"default": {"aliases": ["shop"]}}
    assert one["volumes"] == ["/data:/data"] and not {"build", "container_name"} & set(one)
    assert service_of(made, "db") == {"image": "postgres"}
    assert WORD not in str(made)


def test_a_service_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(BuildFailed, match=r"no service 'web' \(it has db, shop\)"):
        service_of(DOCUMENT, "web")


@pytest.fixture
async def provider(docker_engine: DockerEngine, tmp_path: Path) -> AsyncGenerator[ContainerProvider]:
    require("docker-compose")
    own = Compose(service="shop", port=8000, socket=docker_engine.socket)
    web = WEB.model_copy(update={"compose": own})
    place = environment(tmp_path / "root", web, MAIL, secrets=("SECRET_WORD",), variables={"COLOUR": "green"})
    router = MemoryTraffic()
    made = compose_provider(place, lambda _: WORD, lambda _: router, habits=Habits(2))
    yield made
    await made.stop_all(web)
    docker_engine.clear()


@pytest.mark.docker
@pytest.mark.slow
async def test_a_service_of_the_repository_runs_with_what_it_depends_on(
    provider: ContainerProvider, docker_engine: DockerEngine, tmp_path: Path
) -> None:
    web = WEB.model_copy(update={"compose": Compose(service="shop", port=8000, socket=docker_engine.socket)})
    await provider.build(web, ONE, with_compose(FILE), silent)

    await provider.apply(web, Start(component="web", slot="blue", version=ONE, instances=2), silent)

    slot = (await provider.running(web)).slot("blue")
    assert slot is not None and slot.is_healthy and {one.tree for one in slot.instances} == {ONE.tree}
    seen = await asked(slot.instances[0].address)
    assert (seen["colour"], seen["secret"], seen["INSTANCE"]) == ("green", WORD, "blue-1")
    services = [one["Labels"].get("com.docker.compose.service", "") for one in docker_engine.listed()]
    assert sorted(services) == ["db", "shop-blue-1", "shop-blue-2"]
    files = [one.read_text() for one in (tmp_path / "root" / "compose").rglob("*.*")]
    assert files and not any(WORD in text for text in files)


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services: [", "compose.*ended with"),
        ("services: {other: {image: x}}", "no service 'shop'"),
    ],
)
async def test_a_compose_file_that_cannot_be_used_is_a_red_build(
    provider: ContainerProvider, docker_engine: DockerEngine, text: str, said: str
) -> None:
    web = WEB.model_copy(update={"compose": Compose(service="shop", port=8000, socket=docker_engine.socket)})

    with pytest.raises(BuildFailed, match=f"(?s){said}"):
        await provider.build(web, ONE, with_compose(text), silent)

    assert await provider.artifact(web, ONE) is None


@pytest.mark.docker
@pytest.mark.slow
async def test_a_red_build_leaves_no_container(
    provider: ContainerProvider, docker_engine: DockerEngine
) -> None:
    web = WEB.model_copy(update={"compose": Compose(service="shop", port=8000, socket=docker_engine.socket)})

    with pytest.raises(BuildFailed, match="2 tests failed"):
        await provider.build(web, ONE, with_compose(FILE, "red"), silent)

    assert docker_engine.containers() == []
