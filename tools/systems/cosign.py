"""Cosign: signatures as cosign leaves them beside an image, verified here with public keys, and nobody asked.

Written from its published specification (specs/SIGNATURE_SPEC.md): under the tag sha256-<hex>.sig, a manifest
whose layers are payloads in the simple signing format, each with its signature in an annotation; ECDSA on
P-256 over SHA-256. Stricter than the specification in one point: the repository that is named counts.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from orchestrate.errors import Unreachable
from orchestrate.models.image_signature import ImageSignature, ImageState
from orchestrate.outside import line
from orchestrate.settings.image_keys import PublicKey, keys_in
from tools.systems.registry import HUB, HUBS, Registry

PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE = "dev.cosignproject.cosign/signature"
TYPE = "cosign container image signature"
MOST = 32  # signatures that are looked at, the newest first
SPECIFIC = (
    ImageState.GOOD,
    ImageState.OTHER_DIGEST,
    ImageState.OTHER_REFERENCE,
    ImageState.DAMAGED,
    ImageState.OTHER_KEY,
)
Found = tuple[ImageState, str, str]  # the state, the key, and a detail


class Layer(BaseModel):
    """One signature in the manifest."""

    mediaType: str = ""  # noqa: N815  the specification's word
    digest: str = ""
    annotations: dict[str, str] = {}


class Manifest(BaseModel):
    """All signatures of one image."""

    layers: tuple[Layer, ...] = ()


class Identity(BaseModel):
    """Under which name it was signed."""

    reference: str = Field("", alias="docker-reference")


class Signed(BaseModel):
    """Which image was signed."""

    digest: str = Field("", alias="docker-manifest-digest")


class Critical(BaseModel):
    """What whoever verifies has to look at."""

    identity: Identity
    image: Signed
    type: str


class Payload(BaseModel):
    """What was signed; the rest of it is the signer's own."""

    critical: Critical


class Cosign:
    """Looks beside the image, in its registry."""

    def __init__(self, registry: Callable[[str], Registry] = Registry) -> None:
        self._registry = registry

    async def of(self, component: str, image: str, keys: Path, login: str) -> ImageSignature:
        """See tools/image_signatures.py."""
        given, registry = await _keys(keys), self._registry(login)
        name, _, digest = image.rpartition("@")
        body = await registry.manifest(f"{name}:{digest.replace(':', '-')}.sig")
        if body is None:
            return ImageSignature(component=component, image=image, state=ImageState.MISSING)
        try:
            layers = [one for one in Manifest.model_validate_json(body).layers if one.mediaType == PAYLOAD]
        except ValidationError:
            layers = []
        looks = [await _look(registry, image, one, given) for one in layers[::-1][:MOST]]
        looks = looks or [(ImageState.DAMAGED, "", "its manifest holds no signature")]
        state, key, detail = min(looks, key=lambda one: SPECIFIC.index(one[0]))
        return ImageSignature(component=component, image=image, state=state, key=key, detail=detail)

    async def allowed(self, keys: Path) -> tuple[str, ...]:
        """See tools/image_signatures.py."""
        return tuple(one.fingerprint for one in await _keys(keys))


async def _keys(path: Path) -> tuple[PublicKey, ...]:
    try:
        return keys_in(await asyncio.to_thread(path.read_bytes))
    except (OSError, ValueError) as problem:
        cure = "put the file that `image_signed_by` names back in its place"
        raise Unreachable(f"the public keys cannot be read: {path}: {problem}", cure=cure) from problem


async def _look(registry: Registry, image: str, layer: Layer, keys: tuple[PublicKey, ...]) -> Found:
    """One signature. Its words are read after it is known whose they are."""
    try:
        signature = base64.b64decode(layer.annotations.get(SIGNATURE, ""), validate=True)
    except (binascii.Error, ValueError):
        signature = b""
    payload = await registry.blob(image, layer.digest) if signature else None
    if payload is None:
        return ImageState.DAMAGED, "", "" if signature else "the annotation is no signature"
    key = next((one.fingerprint for one in keys if one.made(signature, payload)), "")
    if not key:
        return ImageState.OTHER_KEY, "", ""
    return _read(payload, image, key)


def _read(payload: bytes, image: str, key: str) -> Found:
    try:
        critical = Payload.model_validate_json(payload).critical
    except ValidationError:
        return ImageState.DAMAGED, key, "what was signed is no payload"
    name, _, digest = image.rpartition("@")
    if critical.type != TYPE:
        return ImageState.DAMAGED, key, f"what was signed is {line(critical.type, 60)}"
    if critical.image.digest != digest:
        return ImageState.OTHER_DIGEST, key, line(critical.image.digest, 80)
    if _plain(critical.identity.reference) != _plain(name):
        return ImageState.OTHER_REFERENCE, key, line(critical.identity.reference, 120)
    return ImageState.GOOD, key, ""


def _plain(reference: str) -> str:
    """host/name of a reference, without a tag or digest; the names of Docker Hub are one."""
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    name = f"{head}{slash}{last.partition(':')[0]}"
    host, slash, rest = name.partition("/")
    return f"{HUB if host in HUBS else host}{slash}{rest}"
