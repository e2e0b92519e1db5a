"""The ecs provider and the rule of a load balancer that others change too."""

from __future__ import annotations

from typing import Any  # botocore's clients have no types

import pytest

from orchestrate.errors import (
    NameTaken,
)
from orchestrate.models.move import SetTraffic
from tests.tools.providers.ecs.conftest import GREEN, HALVES, ONE, START, TWO, Shop

pytestmark = pytest.mark.slow


async def test_weights_that_somebody_else_changes_at_the_same_time_are_told(shop: Shop) -> None:
    await shop.build(ONE, TWO)
    await shop.do(START, GREEN)
    shop.site.front.after["ModifyRule"] = lambda: _weigh(shop, 7, 3)

    with pytest.raises(NameTaken, match="somebody else changed its weights"):
        await shop.do(HALVES)

    shop.site.front.calm()


async def test_weights_that_somebody_else_changed_before_are_told_and_put_right(shop: Shop) -> None:
    await shop.build(ONE, TWO)
    await shop.do(START, GREEN, HALVES)
    _weigh(shop, 9, 1)
    said: list[str] = []
    move = SetTraffic(component="web", was={"blue": 50, "green": 50}, weights={"green": 100})

    await shop.provider.apply(shop.web, move, said.append)

    assert "the rule had {'blue': 90, 'green': 10}, and not " in said[-1]
    assert (await shop.running()).weights == {"green": 100}


async def test_a_rule_that_forwards_to_somebody_else_too_is_not_touched(shop: Shop) -> None:
    await shop.build(ONE)
    await shop.do(START)
    assert shop.own.target_groups is not None
    strange = shop.own.target_groups.model_copy(
        update={"blue": shop.own.target_groups.green, "green": "arn:x"}
    )
    web = shop.web.model_copy(update={"ecs": shop.own.model_copy(update={"target_groups": strange})})

    with pytest.raises(NameTaken, match="forwards to arn:.*blue"):
        await shop.provider.running(web)


async def test_an_action_keeps_what_is_not_ours(shop: Shop) -> None:
    await shop.build(ONE, TWO)
    await shop.do(START, GREEN)
    stickiness = {"Enabled": True, "DurationSeconds": 600}
    _weigh(shop, 1, 0, TargetGroupStickinessConfig=stickiness)

    await shop.do(HALVES)

    assert _rule(shop)["ForwardConfig"]["TargetGroupStickinessConfig"] == stickiness


def _rule(shop: Shop) -> Any:
    told = shop.site.client("elbv2").describe_rules(RuleArns=[shop.own.rule])
    return told["Rules"][0]["Actions"][0]


def _weigh(shop: Shop, blue: int, green: int, **config: Any) -> None:
    assert shop.own.target_groups is not None
    groups = [(shop.own.target_groups.blue, blue), (shop.own.target_groups.green, green)]
    weights = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups]
    action = {"Type": "forward", "Order": 1, "ForwardConfig": {"TargetGroups": weights, **config}}
    shop.site.front.after.clear()
    shop.site.client("elbv2").modify_rule(RuleArn=shop.own.rule, Actions=[action])
