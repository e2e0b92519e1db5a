"""Pushed images: which one a version is, asked of the registry once, and by its digest from then on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from orchestrate.errors import ImageAwaited, ImageMissing, UnknownVersion
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Artifact
from tools.provider import Checkout, Say
from tools.providers.fleet.layout import Layout, made, word
from tools.providers.fleet.placeholders import filled, values_of
from tools.providers.fleet.private import write_privately
from tools.systems.registry import Registry

Asking = Callable[[Component, str], Awaitable[str]]


class Tagged(Protocol):
    """Where a component's images are, and how they are asked for."""

    @property
    def image(self) -> str: ...
    @property
    def credentials(self) -> str | None: ...


class Images:
    """The record of one environment's images, below its root.

    `ask`: who says what digest a tag names now, '' for none; None: the registry itself.
    `login`: who says with which login that is asked where none is given, '' for none.
    """

    def __init__(
        self,
        layout: Layout,
        secrets: Callable[[str], str] | None,
        of: Callable[[Component], Tagged],
        ask: Asking | None = None,
        login: Asking | None = None,
    ) -> None:
        self._layout, self._secrets, self._of = layout, secrets, of
        self._ask, self._login = ask or self.digest, login

    def recorded(self, component: Component, version: Version) -> Artifact | None:
        """What the version was found to be when it was built."""
        try:
            return Artifact.model_validate_json(self._file(component, version).read_bytes())
        except (OSError, ValidationError):
            return None

    def require(self, component: Component, version: Version) -> Artifact:
        """What the version was found to be. Raises UnknownVersion where it was not built."""
        found = self.recorded(component, version)
        if found is None:
            raise UnknownVersion(version.name)
        return found

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        """What was recorded, or what the registry has now. Raises Unreachable, AccessDenied."""
        if found := self.recorded(component, version):
            return found
        tag = self._tag(component, version)
        digest = await self._ask(component, tag)
        where = f"{tag.rpartition(':')[0]}@{digest}"
        if not digest:
            return None
        return Artifact(
            component=component.name, version=version, digest=digest, location=where, pinned=False
        )

    async def adopt(self, component: Component, version: Version, digest: str, say: Say) -> Artifact:
        """From now on the version is the image with this digest. Raises ImageMissing, Unreachable."""
        name = self._tag(component, version).rpartition(":")[0]
        where = f"{name}@{digest}"
        if await self._ask(component, where) != digest:
            raise ImageMissing(f"the registry has no {where}", cure="copy it there by its digest, or wait")
        found = Artifact(component=component.name, version=version, digest=digest, location=where)
        self._record(component, version, found)
        say(f"{component.name}: {version.name} is {where}, as it ran before")
        return found

    async def take(self, component: Component, version: Version, say: Say) -> Artifact:
        """From now on the version is the image that the registry has. Raises ImageMissing."""
        found = await self.artifact(component, version)
        if found is None:
            tag = self._tag(component, version)
            raise ImageAwaited(f"the registry has no {tag}", cure="push the image of this version, or wait")
        if not found.pinned:
            found = found.model_copy(update={"pinned": True})
            self._record(component, version, found)
            say(f"{component.name}: {version.name} is {found.location}")
        return found

    async def digest(self, component: Component, image: str) -> str:
        """What the registry's `image` names now; '' when it has none. Raises Unreachable, AccessDenied."""
        given = self._of(component).credentials
        login = self._secrets(given) if given and self._secrets else ""
        if self._login is not None and not given:
            login = await self._login(component, image)
        return await Registry(login).digest(image)

    def _record(self, component: Component, version: Version, found: Artifact) -> None:
        file = self._file(component, version)
        made(file.parent)
        write_privately(file, found.model_dump_json())

    def _tag(self, component: Component, version: Version) -> str:
        return filled(self._of(component).image, values_of(version))

    def _file(self, component: Component, version: Version) -> Path:
        return self._layout.root.resolve() / "images" / word(component.name) / f"{word(version.tree)}.json"


class OfPushedImages:
    """What a provider says of artifacts whose images somebody else builds and pushes."""

    _images: Images

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:  # noqa: ARG002
        """The version's image in the registry, from now on by its digest.

        Raises ImageMissing, Unreachable, AccessDenied.
        """
        return await self._images.take(component, version, say)

    async def adopt(
        self, component: Component, version: Version, digest: str, checkout: Checkout, say: Say
    ) -> Artifact:
        """Run the image with this digest as this version. Raises ImageMissing, Unreachable."""
        del checkout  # nothing is built
        return await self._images.adopt(component, version, digest, say)

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        """What was recorded when it was built, or what the registry has."""
        return await self._images.artifact(component, version)
