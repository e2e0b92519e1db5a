"""The ecs provider and answers that come late: nothing is made twice, and nothing is taken for done."""

from __future__ import annotations

import pytest

from orchestrate.errors import StartFailed, Unreachable
from orchestrate.models.move import Scale, SetTraffic, Stop
from tests.tools.providers.ecs.conftest import GREEN, HALVES, ONE, START, TWO, Shop
from tools.provider import holds

pytestmark = pytest.mark.slow

STOP = Stop(component="web", slot="blue", version=ONE, instances=1)
TWICE = Scale(component="web", slot="green", version=TWO, was=1, instances=2)
BLUE = SetTraffic(component="web", was={}, weights={"blue": 100})
ALL = SetTraffic(component="web", was={"blue": 50, "green": 50}, weights={"green": 100})


async def test_reads_that_show_what_was_before_are_waited_through(shop: Shop) -> None:
    await shop.build(ONE, TWO)
    shop.site.front.asked.clear()
    shop.site.front.lag = 2

    await shop.do(START, BLUE, GREEN, HALVES, TWICE, ALL, STOP)

    assert [shop.site.front.asked.count(one) for one in ("CreateService", "RegisterTaskDefinition")] == [2, 2]
    shop.site.front.lag = 0
    running = await shop.running()
    assert [(one.name, one.wanted, one.is_healthy) for one in running.slots] == [("green", 2, True)]
    assert running.weights == {"green": 100}


async def test_a_deployment_that_failed_before_is_no_failure_of_the_next_one(shop: Shop) -> None:
    await shop.build(ONE, does="crash")
    with pytest.raises(StartFailed, match="circuit breaker"):
        await shop.do(START)
    await shop.build(TWO)
    shop.site.front.lag = 2

    await shop.do(START.model_copy(update={"version": TWO}))

    assert (await shop.running()).slots[0].version == TWO


async def test_a_start_that_is_taken_back_is_empty_although_the_service_is_not_shown_yet(shop: Shop) -> None:
    await shop.build(ONE)
    await shop.running()
    shop.site.front.lag = 3
    shop.trouble("CreateService", "InternalError", status=500, is_made=True)

    with pytest.raises(Unreachable):
        await shop.do(START)

    shop.site.front.lag = 0
    assert (await shop.running()).slots == ()


async def test_shares_whose_answer_is_lost_are_read_back_and_asked_for_once(shop: Shop) -> None:
    await shop.build(ONE, TWO)
    await shop.do(START, GREEN, BLUE)
    shop.site.front.asked.clear()
    shop.site.front.lag = 2
    shop.trouble("ModifyRule", "InternalError", status=500, is_made=True)

    await shop.do(HALVES)

    assert shop.site.front.asked.count("ModifyRule") == 1
    assert holds(HALVES, await shop.running())


async def test_shares_that_are_refused_half_way_leave_the_traffic_and_are_given_when_asked_again(
    shop: Shop,
) -> None:
    await shop.build(ONE, TWO)
    await shop.do(START, GREEN, BLUE)
    shop.trouble("ModifyRule", "InternalError", status=500)

    with pytest.raises(Unreachable, match="elasticloadbalancing:ModifyRule"):
        await shop.do(HALVES)

    assert (await shop.running()).weights == {"blue": 100}
    await shop.do(HALVES)
    assert holds(HALVES, await shop.running())
