"""The way back: newest first, and what rolled in bit by bit at once."""

from __future__ import annotations

import asyncio

import pytest

from agents.runbook import RunbookPlanner
from orchestrate.models.environment import Strategy
from orchestrate.models.move import Irreversible, Scale, SetTraffic, Start, words
from orchestrate.models.plan import Plan
from orchestrate.models.runtime import Running, Slot
from orchestrate.way_back import grows, taken_back
from tests.agents.situations import OLD, running, situation


def made(strategy: Strategy, runs: tuple[Running, ...] | None = None) -> Plan:
    return asyncio.run(RunbookPlanner().plan(situation(strategy, migrations=False, runs=runs)))


def of_the_shop(plan: Plan, done: int, *, careful: bool = False) -> list[str]:
    """The undos of the shop's first moves, in words, in their order."""
    moves = [one for one in plan.moves if one.move.component == "shop"][:done]
    undos = [moves[index].undo for index in taken_back(moves, plan.ships, careful=careful)]
    return [words(one) for one in undos if not isinstance(one, Irreversible)]


def until_the_end(plan: Plan) -> int:
    """How many moves there are until the new version has all of the traffic."""
    moves = [one.move for one in plan.moves if one.move.component == "shop"]
    return max(index for index, one in enumerate(moves) if isinstance(one, SetTraffic)) + 1


def test_old_instances_start_together_get_all_traffic_and_only_then_the_new_ones_stop() -> None:
    plan = made(Strategy.ROLLING)

    assert of_the_shop(plan, until_the_end(plan)) == [
        "shop: scale blue from 2 to 3",
        "shop: traffic blue 100 %",
        "shop: stop 1 × 2.0 in green",
    ]


def test_what_was_stopped_already_is_started_whole_before_it_gets_traffic() -> None:
    plan = made(Strategy.ROLLING)

    back = of_the_shop(plan, len(plan.moves))

    assert back == [
        "shop: start 1 × 1.9 in blue",
        "shop: scale blue from 2 to 3",
        "shop: traffic blue 100 %",
        "shop: stop 1 × 2.0 in green",
    ]


@pytest.mark.parametrize("strategy", [Strategy.BLUE_GREEN, Strategy.CANARY, Strategy.RECREATE])
def test_what_did_not_roll_goes_back_the_newest_first(strategy: Strategy) -> None:
    plan = made(strategy)

    assert taken_back(plan.moves, plan.ships) == tuple(reversed(range(len(plan.moves))))


def test_carefully_it_goes_back_bit_by_bit() -> None:
    plan = made(Strategy.ROLLING)

    order = taken_back(plan.moves, plan.ships, careful=True)

    assert order == tuple(reversed(range(len(plan.moves))))


def test_a_slot_that_had_another_version_is_emptied_before_that_comes_back() -> None:
    leftover = Slot(name="green", version=OLD.model_copy(update={"commit": "9" * 40}), wanted=3)
    shop, worker = running()
    runs = (shop.model_copy(update={"slots": (*shop.slots, leftover)}), worker)
    plan = made(Strategy.ROLLING, runs)
    moves = [one for one in plan.moves if one.move.component == "shop"]

    assert taken_back(moves, plan.ships) == tuple(reversed(range(len(moves))))


def test_only_what_starts_instances_needs_room() -> None:
    plan = made(Strategy.ROLLING)
    undos = [one.undo for one in plan.moves if grows(one)]

    assert {type(one) for one in undos} == {Start, Scale}
    assert all(isinstance(one, Start | Scale) and one.version == OLD for one in undos)
