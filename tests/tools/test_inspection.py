"""Inspection: what really answers counts, whatever was meant to run."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from orchestrate.models.runtime import Slot
from tests.stories.places import quick
from tests.stories.world import World, world
from tools.inspection import Inspection


@pytest.fixture
async def here(tmp_path: Path) -> AsyncGenerator[World]:
    async with world(tmp_path, quick(tmp_path)) as made:
        yield made


async def test_an_instance_that_really_runs_another_version_is_found_out(here: World) -> None:
    place = here.crew.places("production")
    web = place.component("web")
    slot = here.provider.live()
    assert slot.version is not None
    strange = slot.instances[0].model_copy(update={"tree": "somebody else's"})
    here.provider.slots["web", slot.name] = Slot(
        name=slot.name, version=slot.version, wanted=2, instances=(strange, *slot.instances[1:])
    )

    report = await Inspection().slot(place, web, slot.name, slot.version)

    assert "really runs somebody else's" in report.words
