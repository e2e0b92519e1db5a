"""Building: what another environment proved is what is run, or nothing is."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import DigestDiffers
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.proven import Proven, Sameness
from orchestrate.models.runtime import Artifact
from tests.stories.places import quick
from tools.building import BuildOrder, building
from tools.executor import Write
from tools.memory_forge import MemoryChanges, MemoryForge
from tools.metrics import MemoryMetrics
from tools.place import Place
from tools.provider import Checkout, MemoryProvider, Say

VERSION = Version(commit="a" * 40, tree="c" * 40, name="v1")
OTHER = f"sha256:{'2' * 64}"


class Adopter(MemoryProvider):
    """Can run what somebody else made."""

    async def adopt(
        self, component: Component, version: Version, digest: str, checkout: Checkout, say: Say
    ) -> Artifact:
        found = Artifact(component=component.name, version=version, digest=digest, location="there")
        self.artifacts[component.name, version.tree] = found
        return found


def tool(folder: Path, provider: MemoryProvider) -> Write[BuildOrder, Artifact]:
    place = Place(
        environment=quick(folder),
        provider=provider,
        addresses=provider,
        logs=provider,
        metrics=MemoryMetrics(),
        secret=lambda name: name,
    )
    return building(place, MemoryForge(MemoryChanges()), lambda _: None)


def order(how: Sameness, digest: str = VERSION.tree, commit: str = VERSION.commit) -> BuildOrder:
    proven = Proven(
        component="web", environment="staging", deployment="D1", commit=commit, digest=digest, sameness=how
    )
    return BuildOrder(component="web", version=VERSION, proven=proven)


async def test_what_was_proven_is_built_and_found_again(tmp_path: Path) -> None:
    write = tool(tmp_path, MemoryProvider())
    assert write.observe is not None

    built = await write.act(order(Sameness.FILES))

    assert built.digest == VERSION.tree
    assert await write.observe(order(Sameness.FILES)) == built


async def test_what_a_registry_merely_has_is_not_yet_built(tmp_path: Path) -> None:
    provider = MemoryProvider()
    write = tool(tmp_path, provider)
    assert write.observe is not None
    there = Artifact(
        component="web", version=VERSION, digest=VERSION.tree, location="registry/web", pinned=False
    )
    provider.artifacts["web", VERSION.tree] = there

    assert await write.observe(order(Sameness.FILES)) is None


async def test_another_build_of_the_same_version_is_refused_with_both_digests(tmp_path: Path) -> None:
    write = tool(tmp_path, MemoryProvider())
    assert write.observe is not None

    with pytest.raises(DigestDiffers, match=f"staging ran {OTHER}, and here this version is {VERSION.tree}"):
        await write.act(order(Sameness.FILES, OTHER))
    assert await write.observe(order(Sameness.FILES, OTHER)) is None


async def test_a_tag_that_was_moved_is_refused_before_anything_is_taken(tmp_path: Path) -> None:
    provider = MemoryProvider()
    moved = Artifact(component="web", version=VERSION, digest=OTHER, location=f"registry/web@{OTHER}")
    provider.artifacts["web", VERSION.tree] = moved

    with pytest.raises(DigestDiffers, match=f"here this version is {OTHER}"):
        await tool(tmp_path, provider).act(order(Sameness.DIGEST))


async def test_what_is_only_known_to_come_of_the_same_tree_is_not_compared(tmp_path: Path) -> None:
    built = await tool(tmp_path, MemoryProvider()).act(order(Sameness.TREE, OTHER))

    assert built.digest == VERSION.tree


@pytest.mark.parametrize(
    "wanted", [order(Sameness.REUSED, OTHER), order(Sameness.DIGEST, OTHER, commit="b" * 40)]
)
async def test_what_is_on_the_same_engine_or_was_merged_since_is_adopted(
    tmp_path: Path, wanted: BuildOrder
) -> None:
    assert (await tool(tmp_path, Adopter()).act(wanted)).digest == OTHER
