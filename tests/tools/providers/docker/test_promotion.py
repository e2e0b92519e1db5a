"""Promotion on a real engine and a real registry: what staging ran is what production runs, or nothing is."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import DigestDiffers, ImageMissing
from orchestrate.models.change import Version
from orchestrate.models.hosts import Docker
from orchestrate.models.proven import Proven, Sameness, sameness
from orchestrate.models.runtime import Artifact
from tests.servers.sample_service import environment, version
from tests.tools.providers.docker.conftest import Yard, asked
from tools.building import BuildOrder, building
from tools.executor import Write
from tools.memory_forge import MemoryChanges, MemoryForge
from tools.metrics import MemoryMetrics
from tools.place import Place

pytestmark = [pytest.mark.docker, pytest.mark.slow]
ONE = version("v1")


def production(yard: Yard, folder: Path) -> Yard:
    """Another environment on the same engine, with a folder of its own."""
    return Yard(yard.engine, folder / "production", yard.web)


def tool(yard: Yard) -> Write[BuildOrder, Artifact]:
    provider = yard.provider
    place = Place(
        environment=environment(yard.root, yard.web, secrets=("SECRET_WORD",)),
        provider=provider,
        addresses=provider,
        logs=provider,
        metrics=MemoryMetrics(),
        secret=lambda name: name,
    )
    return building(place, MemoryForge(MemoryChanges()), yard.said.append)


async def proven(yard: Yard, here: Yard, version: Version = ONE) -> Proven:
    ran = await yard.provider.artifact(yard.web, version)
    assert ran is not None
    return Proven(
        component="web",
        environment="staging",
        deployment="D1",
        commit=ran.version.commit,
        digest=ran.digest,
        location=ran.location,
        sameness=sameness(ran, yard.web, here.web),
    )


async def pushed(yard: Yard, here: Yard, tmp_path: Path, does: str = "serve") -> None:
    """Whoever builds images pushes what `does` so under the tag v1; both environments take it from there."""
    builder = Yard(yard.engine, tmp_path / f"builder-{does}", yard.web)
    builder.change(docker=Docker(socket=yard.engine.socket, port=8000))
    made = await builder.build("v1", does)
    built = await builder.provider.artifact(builder.web, made)
    assert built is not None
    full = yard.engine.push(built.location, "promotion:v1")
    image = full.rpartition(":")[0] + ":{version}"
    for one in (yard, here):
        one.change(docker=Docker(socket=yard.engine.socket, port=8000, image=image))


async def test_what_was_built_for_staging_is_the_very_image_that_production_runs(
    yard: Yard, tmp_path: Path
) -> None:
    here = production(yard, tmp_path)
    await yard.build()
    order = BuildOrder(component="web", version=ONE, proven=await proven(yard, here))
    assert order.proven is not None and order.proven.sameness is Sameness.REUSED

    built = await tool(here).act(order)
    again = await tool(here).act(order)

    assert built == again and built.digest == order.proven.digest
    await here.start(ONE, "green")
    (one,) = await here.instances("green")
    (listed,) = yard.engine.listed()
    assert listed["ImageID"] == order.proven.digest and one.tree == ONE.tree
    await here.provider.stop_all(here.web)


async def test_what_the_engine_no_longer_has_is_not_built_again(yard: Yard, tmp_path: Path) -> None:
    here = production(yard, tmp_path)
    await yard.build()
    order = BuildOrder(component="web", version=ONE, proven=await proven(yard, here))
    assert order.proven is not None
    yard.engine.ask("DELETE", f"/images/{order.proven.digest}", params={"force": "true"})

    with pytest.raises(ImageMissing, match="the engine no longer has sha256:"):
        await tool(here).act(order)


async def test_a_tag_that_was_moved_since_is_refused_with_both_digests(yard: Yard, tmp_path: Path) -> None:
    here = production(yard, tmp_path)
    await pushed(yard, here, tmp_path)
    await yard.build()
    order = BuildOrder(component="web", version=ONE, proven=await proven(yard, here))
    assert order.proven is not None and order.proven.sameness is Sameness.DIGEST
    await pushed(yard, here, tmp_path, "broken")
    now = await here.provider.artifact(here.web, ONE)
    assert now is not None and now.digest != order.proven.digest

    with pytest.raises(DigestDiffers, match=f"{order.proven.digest}, and here this version is {now.digest}"):
        await tool(here).act(order)
    assert await here.instances() == ()


async def test_a_merge_commit_runs_the_digest_that_ran_before_it_was_merged(
    yard: Yard, tmp_path: Path
) -> None:
    here = production(yard, tmp_path)
    await pushed(yard, here, tmp_path)
    await yard.build()
    merged = ONE.model_copy(update={"commit": "d" * 40, "name": "merged"})
    order = BuildOrder(component="web", version=merged, proven=await proven(yard, here))

    built = await tool(here).act(order)

    assert order.proven is not None and built.digest == order.proven.digest
    await here.start(merged, "green")
    (one,) = await here.instances("green")
    assert (await asked(one.address))["VERSION"] == "merged"
    await here.provider.stop_all(here.web)
