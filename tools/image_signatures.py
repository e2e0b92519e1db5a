"""Signatures of images: who vouches for what runs, where an environment demands that somebody does."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from orchestrate.models.environment import Component
from orchestrate.models.image_signature import ImageSignature, ImageState
from orchestrate.models.runtime import Artifact
from tools.place import Place


class ImageSignatures(Protocol):
    """Verifies who signed an image."""

    async def of(self, component: str, image: str, keys: Path, login: str) -> ImageSignature:
        """The best of the signatures that lie beside host/name@digest, held against the public keys.

        What is wrong with them is in the answer. Raises Unreachable, AccessDenied, OutsideFailed (no name).
        """
        ...

    async def allowed(self, keys: Path) -> tuple[str, ...]:
        """SHA-256 of each public key in the file. Raises Unreachable where it cannot be read."""
        ...


class MemoryImageSignatures:
    """Believes what it was told about images."""

    def __init__(self) -> None:
        self.states: dict[str, ImageState] = {}  # host/name@digest → what a look gives
        self.keys: tuple[str, ...] = ("one",)

    async def of(self, component: str, image: str, keys: Path, login: str) -> ImageSignature:  # noqa: ARG002
        state = self.states.get(image, ImageState.MISSING)
        key = self.keys[0] if state is ImageState.GOOD else ""
        return ImageSignature(component=component, image=image, state=state, key=key)

    async def allowed(self, keys: Path) -> tuple[str, ...]:  # noqa: ARG002
        return self.keys


async def signatures_of(
    looking: ImageSignatures, place: Place, artifacts: dict[str, Artifact]
) -> tuple[ImageSignature, ...]:
    """One for each component, where the environment demands signatures; () where it does not."""
    keys = place.environment.artifact.image_signed_by
    if keys is None:
        return ()
    found: list[ImageSignature] = []
    for part in place.environment.components:
        artifact = artifacts.get(part.name)
        if artifact is None or not artifact.location.endswith(f"@{artifact.digest}"):
            found.append(ImageSignature(component=part.name, state=ImageState.NO_IMAGE))
            continue
        found.append(await looking.of(part.name, artifact.location, keys, _login(place, part)))
    return tuple(found)


def _login(place: Place, part: Component) -> str:
    """user:password for the registry of its image, or ''. Raises NotFound for a secret without a value."""
    hosts = {"docker": part.docker, "kubernetes": part.kubernetes, "compose": part.compose}
    host = hosts.get(part.provider)
    return place.secret(host.credentials) if host is not None and host.credentials else ""
