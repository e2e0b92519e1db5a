"""Images: which image a version is, asked of the registry once, and by its digest from then on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from orchestrate.errors import ImageMissing
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Artifact
from tools.provider import Say
from tools.providers.fleet.layout import Layout, made, word
from tools.providers.fleet.placeholders import filled, values_of
from tools.providers.fleet.private import write_privately
from tools.providers.kubernetes.objects import kubernetes_of
from tools.systems.registry import Registry


class Images:
    """The record of one environment's images, below its root."""

    def __init__(self, layout: Layout, secrets: Callable[[str], str] | None) -> None:
        self._layout, self._secrets = layout, secrets

    def recorded(self, component: Component, version: Version) -> Artifact | None:
        """What the version was found to be when it was built."""
        try:
            return Artifact.model_validate_json(self._file(component, version).read_bytes())
        except (OSError, ValidationError):
            return None

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        """What was recorded, or what the registry has now. Raises Unreachable, AccessDenied."""
        if found := self.recorded(component, version):
            return found
        tag, login = _tagged(component, version), kubernetes_of(component).credentials
        registry = Registry(self._secrets(login) if login and self._secrets else "")
        digest = await registry.digest(tag)
        where = f"{tag.rpartition(':')[0]}@{digest}"
        found = Artifact(component=component.name, version=version, digest=digest, location=where)
        return found if digest else None

    async def take(self, component: Component, version: Version, say: Say) -> Artifact:
        """From now on the version is the image that the registry has. Raises ImageMissing."""
        found = await self.artifact(component, version)
        if found is None:
            tag = _tagged(component, version)
            raise ImageMissing(f"the registry has no {tag}", cure="push the image of this version, or wait")
        if self.recorded(component, version) is None:
            file = self._file(component, version)
            made(file.parent)
            write_privately(file, found.model_dump_json())
            say(f"{component.name}: {version.name} is {found.location}")
        return found

    def _file(self, component: Component, version: Version) -> Path:
        return self._layout.root.resolve() / "images" / word(component.name) / f"{word(version.tree)}.json"


def _tagged(component: Component, version: Version) -> str:
    return filled(kubernetes_of(component).image, values_of(version))
