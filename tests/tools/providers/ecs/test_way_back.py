"""The way back in ECS: whoever may still get requests has somebody who answers them, at any time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from orchestrate.models.environment import CanaryStep, Strategy
from orchestrate.models.move import Drain, Irreversible, Move, Scale, SetTraffic, Start, Stop, words
from orchestrate.models.plan import Shipped, planned
from orchestrate.strategies import moves
from orchestrate.way_back import taken_back
from tests.servers.aws.site import Site
from tests.servers.sample_service import environment
from tests.tools.providers.ecs.conftest import ONE, TWO, Shop

pytestmark = pytest.mark.slow

LATE = 0.7  # seconds in which the load balancer learns new shares
OURS = (Start, Scale, SetTraffic, Drain, Stop)
BLUE = Start(component="web", slot="blue", version=ONE, instances=2)
MADE = ("CreateService", "UpdateService", "ModifyRule")


class Balancer:
    """Looks after each change: a group that has shares, or had some until lately, gets requests."""

    def __init__(self, shop: Shop) -> None:
        groups = shop.own.target_groups
        assert groups is not None
        self._shop, self._groups = shop, (groups.blue, groups.green)
        self._asked: set[str] = set()
        self._until: dict[str, float] = {}
        self.looks, self.unanswered = 0, list[str]()
        self.look()
        shop.site.cluster.moved = self.look
        shop.site.front.after["ModifyRule"] = self.look

    def look(self) -> None:
        self.looks += 1
        before, self._asked, now = self._asked, self._weighted(), time.monotonic()
        self._until |= dict.fromkeys(before | self._asked, now + LATE)
        counts = {one: self._shop.site.cluster.healthy(one) for one in self._groups}
        self.unanswered += [one for one, until in self._until.items() if now <= until and not counts[one]]

    def _weighted(self) -> set[str]:
        told = self._shop.site.client("elbv2").describe_rules(RuleArns=[self._shop.own.rule])
        groups = told["Rules"][0]["Actions"][0]["ForwardConfig"]["TargetGroups"]
        return {one["TargetGroupArn"] for one in groups if one["Weight"]}


async def moved(shop: Shop, strategy: Strategy) -> tuple[list[Move], list[Move]]:
    """Two instances of version one; the way to version two until that has all traffic, and the way back."""
    place = environment(shop.folder, shop.web, strategy=strategy, canary=(CanaryStep(share=50, seconds=0),))
    await shop.build(ONE, TWO)
    await shop.do(BLUE, SetTraffic(component="web", was={}, weights={"blue": 100}))
    there = moves(place, {"web": await shop.running()}, TWO, {})
    last = max(index for index, one in enumerate(there) if isinstance(one, SetTraffic))
    steps = [planned(one) for one in there[: last + 1] if isinstance(one, OURS)]
    ship = Shipped(component="web", strategy=strategy, from_version=ONE, to_version=TWO)
    undos = [steps[index].undo for index in taken_back(steps, [ship])]
    return [one.move for one in steps], [one for one in undos if not isinstance(one, Irreversible)]


@pytest.fixture
def pair(aws_site: Site, tmp_path: Path, shop: Shop) -> Shop:  # noqa: ARG001 - it calms the account
    """A component with two instances, whose load balancer is known to learn new shares in a second."""
    made = Shop(aws_site, tmp_path, aws_site.ecs().model_copy(update={"pause": 1}))
    made.web = made.web.model_copy(update={"instances": 2})
    made.provider = made.another()
    return made


async def test_a_rolling_way_back_starts_the_old_switches_once_and_then_stops_the_new(pair: Shop) -> None:
    there, back = await moved(pair, Strategy.ROLLING)
    await pair.do(*there)
    pair.site.front.asked.clear()

    await pair.do(*back)

    assert [words(one) for one in back] == [
        "web: scale blue from 1 to 2",
        "web: traffic blue 100 %",
        "web: stop 1 × v2 in green",
    ]
    made = [one for one in pair.site.front.asked if one in MADE]
    assert made == ["UpdateService", "ModifyRule", "UpdateService"]


@pytest.mark.parametrize("strategy", [Strategy.ROLLING, Strategy.BLUE_GREEN, Strategy.CANARY])
async def test_whoever_may_still_get_requests_has_a_healthy_target_there_and_back(
    pair: Shop, strategy: Strategy
) -> None:
    there, back = await moved(pair, strategy)
    balancer = Balancer(pair)

    await pair.do(*there, *back)

    assert balancer.unanswered == []
    assert balancer.looks > 4
    running = await pair.running()
    assert running.weights == {"blue": 100}
    assert [(one.name, one.wanted, one.is_healthy) for one in running.slots] == [("blue", 2, True)]
