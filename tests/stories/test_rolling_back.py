"""Stories of a rolling release that does badly: its way back is short, and careful where there is no room."""

from __future__ import annotations

from pathlib import Path

from orchestrate.errors import StartFailed
from orchestrate.models.deployment import Deployment, Outcome
from orchestrate.models.environment import Strategy
from tests.stories.places import quick
from tests.stories.world import World, world

GROW = "web: scale blue from 1 to 2"


async def taken_back(here: World) -> tuple[Deployment, list[str]]:
    """A version that does badly once it has all of the traffic, and how it was taken back."""
    here.metrics.failing["green"] = 0.5
    deployment, _, _ = await here.approved()
    row = await here.go(deployment.id)
    return row, [one.text for one in here.store.events.of(row.id) if one.kind == "undo"]


async def test_old_instances_start_and_get_the_traffic_before_the_new_ones_end(folder: Path) -> None:
    async with world(folder, quick(folder, strategy=Strategy.ROLLING)) as here:
        row, undone = await taken_back(here)

        assert row.outcome is Outcome.ROLLED_BACK
        assert undone[:2] == [GROW, "web: traffic blue 100 %"]
        assert len(undone) == 3 and undone[2].startswith("web: stop 1")
        assert here.provider.weights["web"] == {"blue": 100}
        assert len(here.provider.live().instances) == 2


async def test_without_room_for_both_it_goes_back_bit_by_bit(folder: Path) -> None:
    async with world(folder, quick(folder, strategy=Strategy.ROLLING)) as here:

        def crowded() -> None:
            green = here.provider.slots.get(("web", "green"))
            if green is not None and green.wanted > 1:
                raise StartFailed("web: no memory is left")

        here.provider.at[GROW] = crowded

        row, undone = await taken_back(here)

        assert row.outcome is Outcome.ROLLED_BACK
        assert undone[0] == GROW
        assert undone.index("web: scale green from 2 to 1") < undone.index(GROW, 1)
        assert here.provider.weights["web"] == {"blue": 100}
        assert len(here.provider.live().instances) == 2
