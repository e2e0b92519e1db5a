"""Signatures of images in a real registry, made as cosign makes them: the good, and each bad one by name."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from orchestrate.errors import OutsideFailed, Unreachable
from orchestrate.models.image_signature import ImageSignature, ImageState
from tests.servers.cosigning import Shelf, key_pair, written
from tests.servers.docker_engine import program, registry_in
from tests.servers.ports import free_port
from tools.systems.cosign import Cosign
from tools.systems.registry import Registry

pytestmark = pytest.mark.docker
ADA, BOB = key_pair(), key_pair()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    if not program("docker-registry"):
        why = "docker-registry is not installed"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    with registry_in(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture
def shelf(registry: str, request: pytest.FixtureRequest) -> Generator[Shelf]:
    made = Shelf(registry, f"shop/t{abs(hash(request.node.nodeid))}")
    with made.client:
        yield made


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return written(tmp_path / "cosign.pub", ADA)


async def look(image: str, keys: Path) -> ImageSignature:
    return await Cosign().of("web", image, keys, "")


async def test_what_an_allowed_key_signed_is_good(shelf: Shelf, keys: Path) -> None:
    image = shelf.image()
    shelf.sign(image, shelf.signature(image, ADA))

    found = await look(image, keys)

    assert found.is_good and found.image == image
    assert (found.key,) == await Cosign().allowed(keys)
    assert found.words == f"web: {image} is signed with the key {found.key}"


async def test_one_good_signature_of_several_is_enough(shelf: Shelf, tmp_path: Path) -> None:
    image = shelf.image()
    others = [
        shelf.signature(image, key_pair()),
        shelf.signature(image, BOB),
        shelf.signature(image, key_pair()),
    ]
    shelf.sign(image, *others)

    assert (await look(image, written(tmp_path / "both.pub", ADA, BOB))).is_good


async def test_what_nobody_signed_is_missing(shelf: Shelf, keys: Path) -> None:
    assert (await look(shelf.image(), keys)).state is ImageState.MISSING


async def test_another_key_does_not_count(shelf: Shelf, keys: Path) -> None:
    image = shelf.image()
    shelf.sign(image, shelf.signature(image, BOB))

    assert (await look(image, keys)).state is ImageState.OTHER_KEY


async def test_a_payload_that_was_changed_is_nobodys(shelf: Shelf, keys: Path) -> None:
    image = shelf.image()
    shelf.sign(image, shelf.signature(image, ADA, signed=b"something else"))

    assert (await look(image, keys)).state is ImageState.OTHER_KEY


async def test_a_signature_of_another_image_that_was_put_here_does_not_count(
    shelf: Shelf, keys: Path
) -> None:
    image, other = shelf.image(), shelf.image("other files")
    shelf.sign(image, shelf.signature(image, ADA, digest=other.rpartition("@")[2]))

    found = await look(image, keys)

    assert found.state is ImageState.OTHER_DIGEST and other.rpartition("@")[2] in found.words


async def test_a_signature_for_another_repository_does_not_count(shelf: Shelf, keys: Path) -> None:
    image = shelf.image()
    shelf.sign(image, shelf.signature(image, ADA, reference="registry.test/other"))

    found = await look(image, keys)

    assert found.state is ImageState.OTHER_REFERENCE and "registry.test/other" in found.words


async def test_a_reference_may_name_the_tag_or_the_digest_that_was_signed(shelf: Shelf, keys: Path) -> None:
    image = shelf.image()
    name = image.partition("@")[0]
    for reference in (f"{name}:v1", image):
        shelf.sign(image, shelf.signature(image, ADA, reference=reference))

        assert (await look(image, keys)).is_good


@pytest.mark.parametrize("what", ["annotation", "base64", "type", "payload", "layers", "blob"])
async def test_what_is_damaged_is_no_signature(shelf: Shelf, keys: Path, what: str) -> None:
    image = shelf.image()
    layer = shelf.signature(
        image, ADA, kind="a letter" if what == "type" else "cosign container image signature"
    )
    signature = "dev.cosignproject.cosign/signature"
    match what:
        case "annotation":
            layer["annotations"] = {}
        case "base64":
            layer["annotations"] = {signature: "***"}
        case "payload":
            layer = {**shelf.blob(b"no words"), "mediaType": layer["mediaType"]}
            layer["annotations"] = made(b"no words")
        case "blob":
            layer["annotations"] = {signature: "MEUCIQ=="}
        case _:
            layer["mediaType"] = "text/plain" if what == "layers" else layer["mediaType"]
    shelf.sign(image, layer)

    found = await look(image, keys)

    assert found.state is (ImageState.OTHER_KEY if what == "blob" else ImageState.DAMAGED)


def made(payload: bytes) -> dict[str, str]:
    """The annotation of a payload that Ada signed."""
    import base64

    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    text = base64.b64encode(ADA.sign(payload, ECDSA(SHA256()))).decode()
    return {"dev.cosignproject.cosign/signature": text}


async def test_a_registry_that_is_down_and_a_key_that_is_gone_say_nothing(shelf: Shelf, keys: Path) -> None:
    image = shelf.image()
    nowhere = f"127.0.0.1:{free_port()}/shop/web@{image.rpartition('@')[2]}"

    with pytest.raises(Unreachable):
        await look(nowhere, keys)
    keys.unlink()
    with pytest.raises(Unreachable, match="the public keys cannot be read"):
        await look(image, keys)
    with pytest.raises(OutsideFailed, match="is no image"):
        await Registry().digest("shop")


async def test_the_registry_has_an_image_by_its_digest(shelf: Shelf) -> None:
    image = shelf.image()

    assert await Registry().digest(image) == image.rpartition("@")[2]
    assert await Registry().digest(f"{image.rpartition('@')[0]}@sha256:{'0' * 64}") == ""
    assert await Registry().blob(image, f"sha256:{'0' * 64}") is None
