"""Rehearsal: which moves try the way back, for every strategy, and that policy has nothing against them."""

from __future__ import annotations

import asyncio

import pytest

from agents.runbook import RunbookPlanner
from orchestrate.models.environment import Component, EnvironmentType, Strategy
from orchestrate.models.move import Scale, SetTraffic, Verify, words
from orchestrate.models.plan import MigrationVerdict, Plan
from orchestrate.models.rehearsed import cannot
from orchestrate.policy import violations
from orchestrate.rehearsal import rehearsed, rehearsed_at
from tests.agents.situations import FILE, NEW, OLD, SHOP, WORKER, situation

RAILED = SHOP.model_copy(update={"provider": "railway"})


def made(
    strategy: Strategy, kind: EnvironmentType = EnvironmentType.STAGING, **facts: object
) -> tuple[Plan, tuple[str, ...]]:
    given = situation(strategy).model_copy(update=facts)
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


def test_after_a_migration_that_cannot_be_undone_nothing_is_rehearsed() -> None:
    lasting = MigrationVerdict(
        path=FILE.path, sha256=FILE.sha256, verdict="warn", reasons=("one-way: moved",)
    )

    plan, problems = made(Strategy.BLUE_GREEN, verdicts=(lasting,))

    assert problems == () and rehearsed(plan, "shop") is None


@pytest.mark.parametrize(
    ("part", "strategy", "one_way", "why"),
    [
        (SHOP, Strategy.ROLLING, (), ""),
        (WORKER, Strategy.ROLLING, (), "it takes no traffic"),
        (SHOP, Strategy.RECREATE, (), "recreate has stopped the version before by then"),
        (RAILED, Strategy.ROLLING, (), "railway runs one version at a time"),
        (SHOP, Strategy.CANARY, ("0003.sql",), "0003.sql cannot be undone"),
    ],
)
def test_what_cannot_be_rehearsed_has_a_reason(
    part: Component, strategy: Strategy, one_way: tuple[str, ...], why: str
) -> None:
    assert cannot(part, strategy, one_way) == why


def test_the_rehearsal_is_found_in_the_plan_by_what_begins_and_ends_it() -> None:
    plan, _ = made(Strategy.ROLLING)

    span = rehearsed_at(plan, "shop")

    kinds = [type(plan.moves[index].move) for index in span]
    assert kinds == [Scale, SetTraffic, Verify, SetTraffic, Verify]


def test_production_is_no_place_to_rehearse() -> None:
    plan, problems = made(Strategy.BLUE_GREEN, EnvironmentType.PRODUCTION)

    assert problems == () and rehearsed(plan, "shop") is None
