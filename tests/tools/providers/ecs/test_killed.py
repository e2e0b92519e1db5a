"""A worker that ends after one of its changes in ECS: the next one makes the move as if it was made once."""

from __future__ import annotations

import pytest

from orchestrate.errors import OutsideFailed
from orchestrate.models.move import Move, Scale, SetTraffic, Stop
from tests.servers.aws.front import Trouble
from tests.servers.sample_service import silent
from tests.tools.providers.ecs.conftest import GREEN, HALVES, ONE, START, TWO, Shop
from tools.provider import holds

pytestmark = pytest.mark.slow

MADE = ("RegisterTaskDefinition", "CreateService", "UpdateService", "ModifyRule")
BLUE = SetTraffic(component="web", was={}, weights={"blue": 100})
STOP = Stop(component="web", slot="blue", version=ONE, instances=1)
TWICE = Scale(component="web", slot="blue", version=ONE, was=1, instances=2)


def ends_after(shop: Shop, change: str) -> None:
    """Nothing of the worker gets through any more, as soon as this change is made."""

    def end() -> None:
        shop.site.front.every[""] = Trouble("InternalError", status=500)

    shop.site.front.after[change] = end


@pytest.mark.parametrize(
    ("before", "move", "change"),
    [
        ([BLUE], GREEN, "RegisterTaskDefinition"),
        ([BLUE], GREEN, "CreateService"),
        (
            [BLUE, GREEN, Stop(component="web", slot="green", version=TWO, instances=1)],
            GREEN,
            "UpdateService",
        ),
        ([BLUE], TWICE, "UpdateService"),
        ([BLUE, GREEN], HALVES, "ModifyRule"),
        ([BLUE, GREEN, HALVES], STOP, "ModifyRule"),
        ([BLUE, GREEN, HALVES], STOP, "UpdateService"),
    ],
)
async def test_a_move_of_a_worker_that_is_killed_ends_as_if_it_was_made_once(
    shop: Shop, before: list[Move], move: Move, change: str
) -> None:
    await shop.build(ONE, TWO)
    await shop.do(START, *before)
    shop.site.front.asked.clear()
    ends_after(shop, change)
    with pytest.raises(OutsideFailed):
        await shop.do(move)
    assert change in shop.site.front.asked
    made = [one for one in shop.site.front.asked if one in MADE]
    first = made[: made.index(change) + 1]
    shop.site.front.calm()
    answering = {slot: share for slot, share in (await shop.running()).weights.items() if share}
    assert sum(answering.values()) == 100

    await shop.another().apply(shop.web, move, silent)

    assert holds(move, await shop.running())
    again = [one for one in shop.site.front.asked if one in MADE and one != "UpdateService"]
    assert not {*first} & {*again}  # what was made is not made a second time
