"""Versions as images of a real registry: a tag is asked for the digest, and the digest is what runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import DigestDiffers, ImageMissing, Unreachable
from orchestrate.models.change import Version
from orchestrate.models.hosts import Docker
from tests.servers.ports import free_port
from tests.servers.sample_service import checkout, version
from tests.tools.providers.docker.conftest import Yard, asked

pytestmark = [pytest.mark.docker, pytest.mark.slow]
ONE = version("v1")


async def nobody(version: Version, folder: Path) -> None:
    """A checkout that must not be asked for: the image is there."""
    raise AssertionError("an image of a registry is not built")


async def pushed(yard: Yard, name: str, does: str = "serve", tag: str = "") -> str:
    """Whoever builds images has built and pushed this one; then the component takes its images there."""
    yard.change(docker=Docker(socket=yard.engine.socket, port=8000))
    made = await yard.build(name, does)
    id = await yard.provider.artifact(yard.web, made)
    assert id is not None
    full = yard.engine.push(id.location, f"{yard.root.parent.name[:40].lower()}:{tag or name}")
    (yard.root / "images" / "web" / f"{made.tree}.json").unlink()
    image = full.rpartition(":")[0] + ":{version}"
    yard.change(docker=Docker(socket=yard.engine.socket, port=8000, image=image))
    return full


def removed(yard: Yard, reference: str) -> None:
    """Somebody removed the image from the engine."""
    id = yard.engine.ask("GET", f"/images/{reference}/json").json()["Id"]
    answer = yard.engine.ask("DELETE", f"/images/{id}", params={"force": "true"})
    assert answer.status_code == 200, answer.text
    assert yard.engine.ask("GET", f"/images/{id}/json").status_code == 404


async def test_a_version_is_the_digest_that_the_registry_names(yard: Yard) -> None:
    full = await pushed(yard, "v1")
    yard.engine.ask("DELETE", f"/images/{full}", params={"force": "true"})

    there = await yard.provider.artifact(yard.web, ONE)
    await yard.build(files=nobody)
    await yard.start(ONE)

    built = await yard.provider.artifact(yard.web, ONE)
    assert there is not None and built is not None
    assert there.digest == built.digest and built.digest.startswith("sha256:")
    assert built.location == f"{full.rpartition(':')[0]}@{built.digest}"
    (one,) = await yard.instances()
    assert (await asked(one.address))["VERSION"] == "v1" and one.tree == ONE.tree


async def test_what_the_registry_does_not_have_is_no_artifact(yard: Yard) -> None:
    await pushed(yard, "v1")
    other = version("v2")

    assert await yard.provider.artifact(yard.web, other) is None
    with pytest.raises(ImageMissing, match="the registry has no .*:v2"):
        await yard.build("v2", files=nobody)


async def test_a_tag_that_is_moved_changes_nothing(yard: Yard) -> None:
    await pushed(yard, "v1")
    await yard.build(files=nobody)
    before = await yard.provider.artifact(yard.web, ONE)
    web = yard.web
    await pushed(yard, "other", "broken", tag="v1")
    yard.web = web

    await yard.build(files=nobody)
    await yard.start(ONE)

    assert await yard.provider.artifact(yard.web, ONE) == before
    assert [one.healthy for one in await yard.instances()] == [True]


async def test_an_image_that_was_removed_here_is_had_again_by_its_digest(yard: Yard) -> None:
    await pushed(yard, "v1")
    await yard.build(files=nobody)
    found = await yard.provider.artifact(yard.web, ONE)
    assert found is not None
    removed(yard, found.location)

    await yard.start(ONE)

    assert [one.tree for one in await yard.instances()] == [ONE.tree]


async def test_an_image_that_is_nowhere_any_more_is_missing(yard: Yard) -> None:
    full = await pushed(yard, "v1")
    await yard.build(files=nobody)
    found = await yard.provider.artifact(yard.web, ONE)
    assert found is not None
    yard.engine.forget(full.rpartition(":")[0], found.digest)
    removed(yard, found.location)

    with pytest.raises(ImageMissing, match="cannot be pulled"):
        await yard.start(ONE)


async def test_an_image_of_another_commit_than_its_tag_is_refused(yard: Yard) -> None:
    await pushed(yard, "v1")
    commit = version("v1").commit

    async def lying(version: Version, folder: Path) -> None:
        await checkout()(version, folder)
        file = folder / "Dockerfile"
        file.write_text(f"{file.read_text()}LABEL org.opencontainers.image.revision={'f' * 40}\n")

    yard.change(docker=Docker(socket=yard.engine.socket, port=8000))
    made = await yard.build("v2", files=lying)
    built = await yard.provider.artifact(yard.web, made)
    assert built is not None
    full = yard.engine.push(built.location, f"lying:{commit}")
    image = full.rpartition(":")[0] + ":{commit}"
    yard.change(docker=Docker(socket=yard.engine.socket, port=8000, image=image))

    with pytest.raises(DigestDiffers, match=f"made of {'f' * 12}, not {commit[:12]}"):
        await yard.build("v1", files=nobody)


async def test_a_registry_that_does_not_answer_says_nothing_about_a_version(yard: Yard) -> None:
    image = f"127.0.0.1:{free_port()}/shop:{{version}}"
    yard.change(docker=Docker(socket=yard.engine.socket, port=8000, image=image))

    with pytest.raises(Unreachable, match="the registry did not say"):
        await yard.provider.artifact(yard.web, ONE)
