"""Signatures of images: who vouches for what runs, where an environment demands that somebody does."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

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


@runtime_checkable
class LetIn(Protocol):
    """A provider that the registry of its images lets in as itself, without a login that somebody gave."""

    async def login(self, component: Component, image: str) -> str:
        """user:password for the registry of host/name@digest; '' where it is not let in as itself.

        Raises Unreachable, AccessDenied.
        """
        ...


class MemoryImageSignatures:
    """Believes what it was told about images."""

    def __init__(self) -> None:
        self.states: dict[str, ImageState] = {}  # host/name@digest → what a look gives
        self.keys: tuple[str, ...] = ("one",)
        self.logins: dict[str, str] = {}  # host/name@digest → with what its registry was asked

    async def of(self, component: str, image: str, keys: Path, login: str) -> ImageSignature:  # noqa: ARG002
        self.logins[image] = login
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
        if artifact is None or not _is_image(part, artifact):
            found.append(ImageSignature(component=part.name, state=ImageState.NO_IMAGE))
            continue
        found.append(
            await looking.of(part.name, artifact.location, keys, await _login(place, part, artifact.location))
        )
    return tuple(found)


def _is_image(part: Component, artifact: Artifact) -> bool:
    is_archive = part.awslambda is not None and not part.awslambda.image
    return not is_archive and artifact.location.endswith(f"@{artifact.digest}")


async def _login(place: Place, part: Component, image: str) -> str:
    """user:password for the registry of its image, or ''. Raises NotFound for a secret without a value."""
    hosts = (
        part.docker,
        part.kubernetes,
        part.compose,
        part.ecs,
        part.awslambda,
        part.cloudrun,
        part.containerapps,
    )
    given = next((host.credentials for host in hosts if host is not None and host.credentials), None)
    if given is not None:
        return place.secret(given)
    return await place.provider.login(part, image) if isinstance(place.provider, LetIn) else ""
