"""The docker provider: versions are images, instances are containers of the engine on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.hosts import ProviderName
from orchestrate.models.runtime import Artifact, Resources
from tools.provider import Checkout, Say
from tools.providers.docker.containers import Container, place_of
from tools.providers.docker.crew import DockerCrew, Habits
from tools.providers.docker.images import Images, Versions
from tools.providers.docker.making import ByEngine, Maker, engine_of
from tools.providers.docker.outputs import Outputs
from tools.providers.fleet.fleet import Fleet, OfFleet
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.storage import stored
from tools.providers.fleet.variables import Variables, unchanged
from tools.providers.process import usage
from tools.traffic import Traffic


class ContainerProvider(OfFleet[Container]):
    """Runs the components of one environment as containers; what it has to remember is below `root`."""

    _name: ProviderName = "docker"

    def __init__(
        self,
        environment: Environment,
        traffic: Callable[[Component], Traffic],
        variables: Variables,
        images: Versions,
        maker: Maker,
        habits: Habits,
    ) -> None:
        self._environment = environment
        self._layout = Layout(environment.root)
        self._images = images
        self._outputs = Outputs(self._layout, variables)
        self._crew = DockerCrew(environment, images, maker, variables, self._outputs, habits)
        self._fleet = Fleet(self._layout, traffic, self._crew)

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        with stored(self._layout.root):
            return await self._images.build(component, version, checkout, say)

    async def adopt(
        self, component: Component, version: Version, digest: str, checkout: Checkout, say: Say
    ) -> Artifact:
        """Run the image with this digest as this version, as the environment before did."""
        with stored(self._layout.root):
            return await self._images.adopt(component, version, digest, checkout, say)

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        with stored(self._layout.root):
            return await self._images.artifact(component, version)

    async def resources(self) -> Resources:
        """How full this machine is; the disk is the one that the engine keeps its images on."""
        answer = await engine_of(self._parts()[0]).ask("GET", "/info")
        root = Path(answer.text("DockerRootDir")) if answer.is_good else Path("/")
        full = await asyncio.to_thread(usage.resources, root if root.exists() else Path("/"))
        return await self._with_room(full)

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        members = await self._crew.members(component, slot)
        if members:
            return await self._outputs.newest(engine_of(component), members, lines)
        return await self._outputs.kept(component, slot, lines)


def docker_provider(
    environment: Environment,
    secrets: Callable[[str], str] | None,
    traffic: Callable[[Component], Traffic],
    *,
    filled: Callable[[str], str] = unchanged,
    habits: Habits | None = None,
) -> ContainerProvider:
    """Containers that the engine makes of images that were built here or come from a registry."""
    images = Images(Layout(environment.root), place_of(environment), secrets)
    variables, maker = Variables(environment, secrets, filled), ByEngine(environment)
    return ContainerProvider(environment, traffic, variables, images, maker, habits or Habits())
