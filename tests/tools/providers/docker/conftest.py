"""What tests of the docker provider share: a provider with one component, and short words for its moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.hosts import Docker
from orchestrate.models.move import SetTraffic, Start, Stop, Weights
from orchestrate.models.runtime import Instance, Running
from tests.contracts.provider_worlds import in_docker
from tests.servers.docker_engine import DockerEngine
from tests.servers.sample_service import checkout, component, environment, version
from tools.provider import Checkout
from tools.providers.docker.crew import Habits
from tools.providers.docker.provider import ContainerProvider, docker_provider
from tools.providers.fleet.ports import free_port
from tools.traffic import MemoryTraffic

WORD = "a secret of many words"


@dataclass
class Yard:
    """Containers of one component on a real engine."""

    engine: DockerEngine
    root: Path
    web: Component
    router: MemoryTraffic = field(default_factory=MemoryTraffic)
    ports: Callable[[], int] = free_port
    said: list[str] = field(default_factory=list[str])

    @property
    def provider(self) -> ContainerProvider:
        """Made anew each time: a worker that comes later knows no more."""
        facts = {"secrets": ("SECRET_WORD",), "variables": {"COLOUR": "green"}}
        habits = Habits(2, self.ports)
        place = environment(self.root, self.web, **facts)
        return docker_provider(place, lambda _: WORD, lambda _: self.router, habits=habits)

    def change(self, docker: Docker | None = None, **facts: object) -> None:
        """Other words for the component from now on."""
        self.web = self.web.model_copy(update=facts | ({"docker": docker} if docker else {}))

    async def build(self, name: str = "v1", does: str = "serve", files: Checkout | None = None) -> Version:
        made = version(name, does)
        await self.provider.build(self.web, made, files or checkout(does), self.said.append)
        return made

    async def start(self, version: Version, slot: str = "blue", instances: int = 1) -> None:
        move = Start(component="web", slot=slot, version=version, instances=instances)
        await self.provider.apply(self.web, move, self.said.append)

    async def stop(self, version: Version, slot: str = "blue") -> None:
        move = Stop(component="web", slot=slot, version=version, instances=1)
        await self.provider.apply(self.web, move, self.said.append)

    async def share(self, weights: Weights) -> None:
        move = SetTraffic(component="web", was={}, weights=weights)
        await self.provider.apply(self.web, move, self.said.append)

    async def running(self) -> Running:
        return await self.provider.running(self.web)

    async def instances(self, slot: str = "blue") -> tuple[Instance, ...]:
        found = (await self.running()).slot(slot)
        return found.instances if found else ()

    async def once(self, is_so: Callable[[Instance], bool]) -> Instance:
        """The instance in blue, as soon as it is so."""
        async with asyncio.timeout(30):
            while True:
                (one,) = await self.instances()
                if is_so(one):
                    return one
                await asyncio.sleep(0.1)

    def keys(self) -> list[str]:
        return self.engine.containers()


async def asked(address: str, path: str = "/") -> dict[str, str]:
    """What the instance says about itself."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"http://{address}{path}")).json()


@pytest.fixture
async def yard(docker_engine: DockerEngine, tmp_path: Path) -> AsyncGenerator[Yard]:
    made = Yard(docker_engine, tmp_path / "root", in_docker(docker_engine))
    yield made
    await made.provider.stop_all(made.web)
    docker_engine.clear()


@pytest.fixture
def nowhere(tmp_path: Path) -> ContainerProvider:
    """A provider whose engine is not there."""
    web = component(provider="docker", docker=Docker(socket=str(tmp_path / "no.sock")))
    return docker_provider(environment(tmp_path / "root", web), None, lambda _: MemoryTraffic())
