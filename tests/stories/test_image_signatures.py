"""Stories of an environment that takes only images that an allowed key signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.models.deployment import Outcome
from orchestrate.models.environment import ArtifactRules
from orchestrate.models.image_signature import ImageState
from orchestrate.models.runtime import Artifact
from tests.stories.places import quick
from tests.stories.world import World, world
from tools.image_signatures import MemoryImageSignatures

RULES = ArtifactRules(image_signed_by=Path("/nowhere/cosign.pub"))
IMAGE = f"sha256:{'1' * 64}"


async def image(here: World, digest: str = IMAGE) -> str:
    """The registry has this under the name of what is on main now; host/name@digest."""
    version = await here.forge.version("main")
    at = f"registry.test/web@{digest}"
    made = Artifact(component="web", version=version, digest=digest, location=at)
    here.provider.artifacts["web", version.tree] = made
    return at


def looked_at(here: World) -> MemoryImageSignatures:
    found = here.crew.survey.images
    assert isinstance(found, MemoryImageSignatures)
    return found


@pytest.mark.parametrize("state", [one for one in ImageState if one is not ImageState.GOOD])
async def test_an_image_that_nobody_allowed_signed_changes_nothing(folder: Path, state: ImageState) -> None:
    async with world(folder, quick(folder, artifact=RULES)) as here:
        here.forge.write("main", {"app.py": "two"}, "Version two")
        looked_at(here).states[await image(here)] = state

        row = await here.go(here.accept("production", version="main").id)

        assert row.outcome is Outcome.BLOCKED and IMAGE in row.reason
        assert here.provider.done == []


async def test_who_signed_the_image_is_part_of_what_is_approved(folder: Path) -> None:
    async with world(folder, quick(folder, artifact=RULES)) as here:
        here.forge.write("main", {"app.py": "two"}, "Version two")
        looked_at(here).states[await image(here)] = ImageState.GOOD
        row = await here.go(here.accept("production", version="main").id)
        (signed,) = here.store.plans.of(row.id).images

        await here.approve(row.id)

        assert (signed.digest, signed.key) == (IMAGE, "one")
        assert (await here.go(row.id)).outcome is Outcome.DEPLOYED


async def test_another_image_after_the_approval_is_asked_about_again_or_stops(folder: Path) -> None:
    async with world(folder, quick(folder, artifact=RULES)) as here:
        here.forge.write("main", {"app.py": "two"}, "Version two")
        looked_at(here).states[await image(here)] = ImageState.GOOD
        row = await here.go(here.accept("production", version="main").id)
        await here.approve(row.id)
        await image(here, f"sha256:{'2' * 64}")

        row = await here.go(row.id)

        assert row.outcome is Outcome.BLOCKED and "is not signed" in row.reason
        assert here.provider.done == []


async def test_what_is_no_image_of_a_registry_was_signed_by_nobody(folder: Path) -> None:
    async with world(folder, quick(folder, artifact=RULES)) as here:
        deployment, _, _ = await here.ready()

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.BLOCKED and "is no image of a registry" in row.reason
