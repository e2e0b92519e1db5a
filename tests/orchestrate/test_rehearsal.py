"""Rehearsal: which moves try the way back, for every strategy, and that policy has nothing against them."""

from __future__ import annotations

import asyncio

import pytest

from agents.runbook import RunbookPlanner
from orchestrate.models.environment import EnvironmentType, Strategy
from orchestrate.models.move import Scale, SetTraffic, Verify, words
from orchestrate.models.plan import Plan
from orchestrate.policy import violations
from orchestrate.rehearsal import rehearsed
from tests.agents.situations import NEW, OLD, situation


def made(strategy: Strategy, kind: EnvironmentType = EnvironmentType.STAGING) -> tuple[Plan, tuple[str, ...]]:
    given = situation(strategy)
    words = {"rehearse_rollback": True, "type": kind}
    place = given.environment.model_copy(update=words)
    plan = asyncio.run(RunbookPlanner().plan(given.model_copy(update={"environment": place})))
    return plan, violations(plan, place)


@pytest.mark.parametrize("strategy", [Strategy.ROLLING, Strategy.BLUE_GREEN, Strategy.CANARY])
def test_all_traffic_goes_back_and_forward_and_both_are_looked_at(strategy: Strategy) -> None:
    plan, problems = made(strategy)
    moves = [step.move for step in plan.moves if step.move.component == "shop"]
    back = next(i for i, one in enumerate(moves) if isinstance(one, Verify) and one.version == OLD)

    assert problems == ()
    assert isinstance(moves[back - 1], SetTraffic) and isinstance(moves[back + 1], SetTraffic)
    again = moves[back + 2]
    assert isinstance(again, Verify) and again.version == NEW
    assert rehearsed(plan, "shop") == OLD


def test_rolling_brings_back_all_instances_of_the_version_before() -> None:
    plan, _ = made(Strategy.ROLLING)

    grown = [step.move for step in plan.moves if isinstance(step.move, Scale) and step.move.version == OLD]

    assert grown[-1].instances > grown[-1].was, [words(one) for one in grown]


def test_what_no_longer_runs_beside_it_is_not_rehearsed() -> None:
    plan, problems = made(Strategy.RECREATE)

    assert problems == () and rehearsed(plan, "shop") is None
    assert rehearsed(plan, "worker") is None


def test_production_is_no_place_to_rehearse() -> None:
    plan, problems = made(Strategy.BLUE_GREEN, EnvironmentType.PRODUCTION)

    assert problems == () and rehearsed(plan, "shop") is None
