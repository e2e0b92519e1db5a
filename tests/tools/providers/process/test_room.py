"""Whether this machine has memory for what a strategy starts beside what runs is told before (G10)."""

from __future__ import annotations

import pytest

from orchestrate.models.environment import Component, Strategy
from orchestrate.models.runtime import Resources
from tests.servers.sample_service import component
from tests.tools.providers.process.conftest import Shop
from tools.providers.fleet.room import Need, free, with_room

MORE_THAN_THERE_IS = 10**9  # MiB, or instances
NOBODY_CAN_TELL = "web: no memory_limit, and no instance of which its memory could be measured"


def changed(shop: Shop, strategy: Strategy, **facts: object) -> Shop:
    shop.web = component(strategy=strategy, **facts)
    return shop


def places(*needs: Need, free: float = 1000) -> tuple[str, ...]:
    return with_room(Resources(), needs, free).lacks


async def test_instances_with_a_limit_find_room_or_not_before_anything_starts(shop: Shop) -> None:
    small = await changed(shop, Strategy.BLUE_GREEN, memory_limit=1).provider.resources()
    great = await changed(shop, Strategy.BLUE_GREEN, memory_limit=MORE_THAN_THERE_IS).provider.resources()

    assert (small.headroom, small.lacks) == (True, ())
    assert great.lacks[0].startswith("1 more of web find no room on this machine: 1000000000 MiB each, ")
    assert small.disk is not None and small.memory is not None


async def test_nobody_can_tell_the_room_for_what_has_no_limit_and_never_ran(shop: Shop) -> None:
    found = await shop.provider.resources()

    assert (found.headroom, found.lacks, found.untold) == (False, (), (NOBODY_CAN_TELL,))


async def test_without_a_limit_each_may_take_what_the_largest_takes_now(shop: Shop) -> None:
    await shop.start()

    few = await changed(shop, Strategy.BLUE_GREEN).provider.resources()
    many = await changed(shop, Strategy.CANARY, instances=MORE_THAN_THERE_IS).provider.resources()

    assert (few.headroom, few.lacks, few.untold) == (True, (), ())
    assert "more of web find no room on this machine" in many.lacks[0]


async def test_only_what_starts_beside_what_runs_needs_room(shop: Shop) -> None:
    await shop.start()
    much: dict[str, int] = {"instances": MORE_THAN_THERE_IS, "memory_limit": 1}

    rolling = await changed(shop, Strategy.ROLLING, **much).provider.resources()
    anew = await changed(shop, Strategy.RECREATE, **much).provider.resources()
    await shop.stop()
    first = await changed(shop, Strategy.ROLLING, **much).provider.resources()

    assert (rolling.lacks, anew.lacks) == ((), ())
    assert "more of web find no room" in first.lacks[0]


async def test_what_others_run_is_not_looked_for_on_this_machine(shop: Shop) -> None:
    shop.web = Component(name="web", provider="vercel", memory_limit=MORE_THAN_THERE_IS)

    assert (await shop.provider.resources()).lacks == ()


@pytest.mark.parametrize(
    ("needs", "lacks"),
    [
        ((Need("web", 2, 500),), ()),
        (
            (Need("web", 3, 500),),
            ("1 more of web find no room on this machine: 500 MiB each, 0 MiB are free",),
        ),
        (
            (Need("web", 2, 300), Need("mail", 1, 600)),
            ("1 more of web find no room on this machine: 300 MiB each, 100 MiB are free",),
        ),
        ((Need("web", 0, None), Need("mail", 0, 5000)), ()),
    ],
)
def test_the_greatest_are_placed_first(needs: tuple[Need, ...], lacks: tuple[str, ...]) -> None:
    assert places(*needs) == lacks


def test_what_the_machine_has_free_is_less_than_all_of_it_and_more_than_nothing() -> None:
    assert 0 < free() < MORE_THAN_THERE_IS
