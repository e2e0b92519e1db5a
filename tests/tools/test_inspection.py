"""Inspection: what really answers counts, whatever was meant to run."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from orchestrate.errors import Unreachable
from orchestrate.models.environment import Component, Environment
from orchestrate.models.runtime import Slot
from orchestrate.models.smoke import CommandSmoke, SqlSmoke
from tests.stories.places import quick
from tests.stories.twins import Clock, outside
from tests.stories.world import World, assembled, world
from tools.inspection import Inspection
from tools.migrations import Applied, MemoryTarget, Target


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


async def test_smoke_tests_of_a_component_without_a_port_are_made(tmp_path: Path) -> None:
    read = CommandSmoke(name="the queue is read", argv=("false",))
    worker = Component(name="worker", run=("work",), smoke=(read,))
    async with world(tmp_path, quick(tmp_path, components=(worker,))) as here:
        place, slot = here.crew.places("production"), here.provider.live("worker")
        assert slot.version is not None

        report = await Inspection().slot(place, worker, slot.name, slot.version)

    assert report.words.startswith("2/3 passed; the queue is read: ")


class Closed(MemoryTarget):
    """A database that does not know the query's table, and is away when it is told to be."""

    is_away = True

    async def applied(self) -> tuple[Applied, ...]:
        if self.is_away:
            raise Unreachable("the database is away")
        return ()

    async def value(self, query: str) -> str:
        raise Unreachable(f"{query} cannot be answered")


async def test_what_cannot_be_counted_before_is_not_taken_for_nothing(tmp_path: Path) -> None:
    orders = SqlSmoke(name="orders stay", query="select count(*) from orders", unchanged=True)
    shop = quick(tmp_path, components=(Component(name="web", port=8080, smoke=(orders,)),))
    database = Closed()

    def targets(_: Environment) -> dict[str, Target]:
        return {"web": database}

    around = outside(("production",), Clock())
    around.targets = targets
    async with assembled(tmp_path, around, {"production": shop}) as here:
        place = here.crew.places("production")
        with pytest.raises(Unreachable, match="away"):
            await Inspection().before(place)
        database.is_away = False

        assert await Inspection().before(place) == {}
