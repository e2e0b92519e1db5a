"""The compose provider: a service of the repository's compose file, in as many instances as are ordered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from orchestrate.errors import BuildFailed, CommandFailed, NameTaken
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.runtime import Artifact
from tools.provider import Checkout, Say
from tools.providers.compose.files import Words, building, instance_of, running, service_of, text_of
from tools.providers.compose.shop import Shop, name_in
from tools.providers.docker.containers import Order, place_of
from tools.providers.docker.crew import Habits
from tools.providers.docker.images import Image, Images, artifact_of
from tools.providers.docker.making import engine_of, refusal
from tools.providers.docker.names import at_digest
from tools.providers.docker.provider import ContainerProvider
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.private import write_privately
from tools.providers.fleet.variables import Variables, unchanged
from tools.providers.process.releases import Releases, inside
from tools.traffic import Traffic

NAME_TAKEN = "is already in use by container"


class ComposeImages:
    """Versions as images: compose builds them, or says which one of a registry they are."""

    def __init__(self, shop: Shop, images: Images, releases: Releases) -> None:
        self._shop, self._images, self._releases = shop, images, releases

    async def image(self, component: Component, version: Version) -> Image | None:
        if not self._shop.document_file(component, version).is_file():
            return None
        return await self._images.image(component, version)

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        """Only what was built or taken before: what a version is, its compose file says."""
        found = await self.image(component, version)
        return artifact_of(component, found) if found else None

    async def adopt(
        self, component: Component, version: Version, digest: str, checkout: Checkout, say: Say
    ) -> Artifact:
        document = await self._read(component, version, checkout, say)
        service = service_of(document, name_in(component))
        if "build" in service:
            found = await self._images.shared(component, version, digest, say)
        else:
            reference = at_digest(str(service.get("image", "")), digest)
            found = await self._images.pulled(component, version, reference, say)
        self._shop.keep(component, version, document)
        self._images.record(component, found)
        return artifact_of(component, found)

    async def _read(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Words:
        release = await self._releases.build(component, version, checkout, say)
        return await self._shop.read(component, version, inside(Path(release.location), component.path))

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        found = await self.image(component, version)
        if found is None:
            document = await self._read(component, version, checkout, say)
            found = await self._made(component, version, document, say)
            self._shop.keep(component, version, document)
            self._images.record(component, found)
        return artifact_of(component, found)

    async def _made(self, component: Component, version: Version, document: Words, say: Say) -> Image:
        service = service_of(document, name_in(component))
        if "build" not in service:
            return await self._images.taken(component, version, str(service.get("image", "")), say)
        tag = self._images.tag(component, version)
        file = self._shop.file(component, "build")
        write_privately(file, text_of(building(document, name_in(component), tag)))
        say(f"{component.name}: compose builds {name_in(component)}")
        words = ["build", "--force-rm", name_in(component)]  # else a step that fails leaves its container
        output = await self._shop.compose(component, file, words, version)
        if output.code != 0:
            raise BuildFailed(str(CommandFailed(output.argv, output.code, output.complaint)))
        id = await self._images.id_of(component, tag)
        return Image(version=version, id=id, digest=id, reference=tag)


class ByCompose:
    """Has compose make the containers, so that they are in its networks and have its volumes."""

    def __init__(self, shop: Shop, environment: Environment) -> None:
        self._shop, self._environment = shop, environment

    async def make(self, order: Order) -> None:
        """What the service depends on is started if it does not run, and never made anew."""
        part, name = order.component, name_in(order.component)
        document = self._shop.kept(part, order.version)
        file = self._shop.file(part, order.id)
        others = [name_in(one) for one in self._environment.components if one.provider == part.provider]
        ordered = running(document, name, order, place_of(self._environment), others)
        write_privately(file, text_of(ordered))
        words = ["up", "-d", "--no-recreate", instance_of(name, order)]
        output = await self._shop.compose(part, file, words, order.version, order.environment)
        if output.code != 0:
            await self._remove(order)
            if NAME_TAKEN in output.complaint:
                cure = "remove or rename that container"
                raise NameTaken(f"{order.id} cannot be made: {output.complaint[-500:]}", cure=cure)
            raise refusal(order, output.complaint[-2000:])

    async def _remove(self, order: Order) -> None:
        """What compose made and could not start."""
        engine = engine_of(order.component)
        labels = [f"com.docker.compose.service={instance_of(name_in(order.component), order)}"]
        labels += [f"com.docker.compose.project={self._shop.project(order.component)}"]
        query = {"all": "true", "filters": json.dumps({"label": labels})}
        listed = await engine.ask("GET", "/containers/json", query)
        for one in listed.listed() if listed.is_good else ():
            await engine.ask("DELETE", f"/containers/{one['Id']}", {"force": "true"})


class ComposeProvider(ContainerProvider):
    """Runs services as containers that compose makes."""

    _name = "compose"


def compose_provider(
    environment: Environment,
    secrets: Callable[[str], str] | None,
    traffic: Callable[[Component], Traffic],
    *,
    filled: Callable[[str], str] = unchanged,
    habits: Habits | None = None,
) -> ComposeProvider:
    """Containers that compose makes."""
    layout, variables = Layout(environment.root), Variables(environment, secrets, filled)
    shop = Shop(environment, layout, variables)
    releases = Releases(layout, environment, variables)
    images = ComposeImages(shop, Images(layout, place_of(environment), secrets), releases)
    maker = ByCompose(shop, environment)
    return ComposeProvider(environment, traffic, variables, images, maker, habits or Habits())
