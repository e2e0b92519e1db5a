"""Every plan that is made keeps to the policy, and every damage to one is found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.planner import RunbookPlanner
from agents.runbook import strategic
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import Environment, EnvironmentType, Strategy
from orchestrate.models.gate import GateName, Override
from orchestrate.models.move import (
    Analyse,
    Backup,
    Drain,
    Irreversible,
    Migrate,
    MigrationFile,
    Move,
    Scale,
    SetTraffic,
    Start,
    Stop,
    Verify,
)
from orchestrate.models.plan import Plan, PlannedMove, planned
from orchestrate.models.runtime import Running, Slot
from orchestrate.policy import violations
from tests.agents.situations import NEW, OLD, environment, running, situation

LEFT_OVER = (
    Running(
        component="shop",
        slots=(Slot(name="blue", version=OLD, wanted=2), Slot(name="green", version=NEW, wanted=1)),
        weights={"blue": 70, "green": 30},
    ),
    Running(component="worker", slots=(Slot(name="blue", version=OLD, wanted=2),)),
)


def plan(strategy: Strategy = Strategy.BLUE_GREEN, *, runs: tuple[Running, ...] | None = None) -> Plan:
    return asyncio.run(RunbookPlanner().plan(situation(strategy, runs=runs)))


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize(
    "runs", [(), running(), running(NEW), LEFT_OVER], ids=["first", "old", "same", "left over"]
)
@pytest.mark.parametrize("type", EnvironmentType)
@pytest.mark.parametrize("kind", Kind)
def test_every_plan_of_the_runbook_keeps_to_the_policy(
    strategy: Strategy, runs: tuple[Running, ...], type: EnvironmentType, kind: Kind
) -> None:
    made = asyncio.run(RunbookPlanner().plan(situation(strategy, runs=runs, type=type, kind=kind)))

    assert violations(made, environment(strategy, type)) == ()


def moves(plan: Plan) -> list[Move]:
    return [step.move for step in plan.moves]


def with_moves(plan: Plan, moves: Sequence[Move]) -> Plan:
    return plan.model_copy(update={"moves": tuple(planned(move) for move in moves)})


@pytest.mark.parametrize("strategy", Strategy)
def test_a_plan_without_one_of_its_moves_is_refused(strategy: Strategy) -> None:
    made, place = plan(strategy), environment(strategy)

    for index, move in enumerate(moves(made)):
        shorter = with_moves(made, [one for at, one in enumerate(moves(made)) if at != index])
        if not _may_be_left_out(move):
            assert violations(shorter, place), move


def _may_be_left_out(move: Move) -> bool:
    """A worker's old slot may stay, or its instances be fewer for a while: nobody is served by it."""
    return (
        isinstance(move, Stop)
        and move.component == "worker"
        or isinstance(move, Scale)
        and move.slot == "blue"
    )


@pytest.mark.parametrize("strategy", Strategy)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_changed_move_is_refused(strategy: Strategy, data: st.DataObject) -> None:
    made, place = plan(strategy), environment(strategy)
    index = data.draw(st.integers(0, len(made.moves) - 1))
    move = made.moves[index].move
    field, value = data.draw(st.sampled_from(_damages(move)))

    damaged = [*moves(made)]
    damaged[index] = move.model_copy(update={field: value})

    assert violations(with_moves(made, damaged), place), (field, value, move)


def test_where_a_backup_is_demanded_something_is_backed_up_first() -> None:
    made, place = plan(), environment(Strategy.BLUE_GREEN)
    parts = tuple(one.model_copy(update={"database": None}) for one in place.components)
    place = place.model_copy(update={"components": parts})
    none = [move for move in moves(made) if not isinstance(move, Backup | Migrate)]

    said = "the configuration is not backed up before anything changes"
    assert said in violations(with_moves(made, none), place)
    assert said not in violations(with_moves(made, [Backup(component="shop"), *none]), place)


@pytest.mark.parametrize(
    ("kind", "is_migrated", "expected"),
    [
        (Kind.DEPLOY, False, True),
        (Kind.ROLLBACK, True, True),
        (Kind.ROLLBACK, False, False),
    ],
)
def test_only_a_rollback_that_changes_no_data_goes_without_a_backup(
    kind: Kind, is_migrated: bool, expected: bool
) -> None:
    made, place = plan().model_copy(update={"kind": kind}), environment(Strategy.BLUE_GREEN)
    left_out = (Backup,) if is_migrated else (Backup, Migrate)
    without = with_moves(made, [move for move in moves(made) if not isinstance(move, left_out)])

    assert any("not backed up" in said for said in violations(without, place)) is expected


Damages = list[tuple[str, object]]
ELSEWHERE: Damages = [("component", "payments"), ("component", "")]
OTHER_TEXT = MigrationFile(path="migrations/0002_ratings.sql", sha256="0" * 64)
BY_KIND: dict[type[Move], Damages] = {
    Start: [("slot", "red"), ("version", OLD), ("instances", 0)],
    Scale: [("slot", "red"), ("instances", 0)],
    SetTraffic: [("weights", {"red": 100}), ("weights", {"green": 99}), ("was", {"green": 100})],
    Drain: [("slot", "red"), ("slot", "green")],
    Stop: [("slot", "red")],
    Backup: [("component", "worker")],
    Migrate: [("version", OLD), ("files", ()), ("files", (OTHER_TEXT,)), ("component", "worker")],
    Verify: [("slot", "red"), ("version", OLD)],
    Analyse: [("slot", "red"), ("baseline", "red"), ("seconds", 1), ("share", 33)],
}


def _damages(move: Move) -> Damages:
    return [*ELSEWHERE, *BY_KIND[type(move)]]


@pytest.mark.parametrize("strategy", Strategy)
def test_an_undo_that_is_not_the_moves_own_is_refused(strategy: Strategy) -> None:
    made = plan(strategy)

    for index, step in enumerate(made.moves):
        for undo in (Irreversible(reason="it is late"), Irreversible(reason=""), step.move):
            steps = (*made.moves[:index], PlannedMove(move=step.move, undo=undo), *made.moves[index + 1 :])
            assert violations(made.model_copy(update={"moves": steps}), environment(strategy))


DAMAGES: dict[str, Callable[[Plan], Plan]] = {
    "another environment": lambda p: p.model_copy(update={"environment": "staging"}),
    "another type": lambda p: p.model_copy(update={"environment_type": EnvironmentType.DEV}),
    "another service": lambda p: p.model_copy(update={"service": "bank"}),
    "no components": lambda p: p.model_copy(update={"ships": ()}),
    "a component twice": lambda p: p.model_copy(update={"ships": (*p.ships, p.ships[0])}),
    "another version": lambda p: p.model_copy(update={"version": OLD}),
    "no verification": lambda p: p.model_copy(update={"verification": ()}),
    "laxer triggers": lambda p: p.model_copy(
        update={"triggers": p.triggers.model_copy(update={"error_rate": 9999})}
    ),
    "a short period": lambda p: p.model_copy(
        update={"monitoring": p.monitoring.model_copy(update={"period": 1})}
    ),
    "rare samples": lambda p: p.model_copy(
        update={"monitoring": p.monitoring.model_copy(update={"sample": 999})}
    ),
    "migrations nobody looked at": lambda p: p.model_copy(update={"migrations": ()}),
    "another tree": lambda p: p.model_copy(
        update={"merge": p.merge.model_copy(update={"tree": "0" * 40}) if p.merge else None}
    ),
    "another head": lambda p: p.model_copy(update={"head": "0" * 40}),
    "no moves": lambda p: p.model_copy(update={"moves": ()}),
    "moves backwards": lambda p: p.model_copy(update={"moves": p.moves[::-1]}),
    "moves twice": lambda p: p.model_copy(update={"moves": p.moves * 2}),
    "an override without a reason": lambda p: p.model_copy(
        update={"overrides": (Override(gate=GateName.WINDOW, by="ann", reason=" "),)}
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_plan_is_refused(damage: str) -> None:
    assert violations(DAMAGES[damage](plan()), environment())


NAMED: dict[str, Callable[[Plan], Plan]] = {
    "the alerts are not the environment's": lambda p: p.model_copy(update={"alerts": ()}),
    f"shop: ships {OLD.name}, not {NEW.name}": lambda p: p.model_copy(
        update={"ships": (p.ships[0].model_copy(update={"to_version": OLD}), *p.ships[1:])}
    ),
}


def migrating(plan: Plan, component: str, *, last: bool) -> Plan:
    """The plan whose migrations are of `component`, and come at their place or after everything."""
    steps = [
        one.model_copy(update={"component": component}) if isinstance(one, Migrate) else one
        for one in moves(plan)
    ]
    return with_moves(plan, sorted(steps, key=lambda one: last and isinstance(one, Migrate)))


@pytest.mark.parametrize(
    ("component", "last", "words"),
    [("worker", False, "the component has no database"), ("shop", True, "the new version runs already")],
)
def test_migrations_have_their_place(component: str, last: bool, words: str) -> None:
    found = violations(migrating(plan(), component, last=last), environment())

    assert any(one.endswith(words) for one in found)


@pytest.mark.parametrize("words", NAMED)
def test_what_is_damaged_is_named(words: str) -> None:
    assert words in violations(NAMED[words](plan()), environment())


@pytest.mark.parametrize("strategy", Strategy)
def test_what_cannot_be_taken_back_says_why(strategy: Strategy) -> None:
    steps = plan(strategy).moves
    kept = {type(one.move): one.undo.reason for one in steps if isinstance(one.undo, Irreversible)}

    assert kept.keys() <= {Drain, Backup, Migrate, Verify, Analyse, SetTraffic}
    assert all(reason.strip() for reason in kept.values())


def test_a_dangerous_migration_needs_an_override() -> None:
    bad = plan().migrations[0].model_copy(update={"verdict": "dangerous"})
    dangerous = plan().model_copy(update={"migrations": (bad,)})
    by_ann = Override(gate=GateName.MIGRATIONS, by="ann", reason="the table is empty")

    assert "is dangerous, and nobody overrode that" in violations(dangerous, environment())[0]
    assert violations(dangerous.model_copy(update={"overrides": (by_ann,)}), environment()) == ()


@pytest.mark.parametrize("strategy", [Strategy.BLUE_GREEN, Strategy.CANARY, Strategy.ROLLING])
def test_the_serving_slot_is_never_stopped(strategy: Strategy) -> None:
    made, place = plan(strategy), environment(strategy)
    serving = Stop(component="shop", slot="green", version=NEW, instances=3)

    assert any("has traffic" in one for one in violations(with_moves(made, [*moves(made), serving]), place))


def test_the_way_back_stays_until_the_watch_is_over() -> None:
    made = plan()
    early = sorted(moves(made), key=lambda move: isinstance(move, Analyse) and move.final)

    found = violations(with_moves(made, early), environment())

    assert any("the way back" in one for one in found)


def test_a_canary_may_not_skip_a_share() -> None:
    place: Environment = environment(Strategy.CANARY)
    hasty = [
        move for move in moves(plan(Strategy.CANARY)) if not isinstance(move, Analyse) or move.share != 5
    ]

    found = violations(with_moves(plan(Strategy.CANARY), hasty), place)

    assert "shop: 5 % is not analysed for 600 s" in found


def test_a_rollback_goes_back_by_traffic_where_there_is_traffic() -> None:
    back = strategic(situation(Strategy.RECREATE, kind=Kind.ROLLBACK))

    assert [back.strategy_of(part) for part in back.components] == [Strategy.BLUE_GREEN, Strategy.RECREATE]
