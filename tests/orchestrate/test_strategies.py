from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from orchestrate.foresight import after, after_all, filled, served, undos
from orchestrate.models.change import Version
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import (
    CanaryStep,
    Component,
    Database,
    Environment,
    EnvironmentType,
    Monitoring,
    Strategy,
)
from orchestrate.models.hosts import Kubernetes
from orchestrate.models.move import (
    Analyse,
    Backup,
    Drain,
    Migrate,
    MigrationFile,
    Move,
    Scale,
    SetTraffic,
    Start,
    Stop,
    Verify,
    words,
)
from orchestrate.models.plan import planned
from orchestrate.models.runtime import Running, Slot
from orchestrate.strategies import ROLLOUTS, moves, rollout

OLD = Version(commit="a" * 40, tree="1" * 40, name="v1")
NEW = Version(commit="b" * 40, tree="2" * 40, name="v2")
FILE = MigrationFile(path="migrations/002.sql", sha256="0" * 64)
STEPS = (
    CanaryStep(share=5, seconds=600),
    CanaryStep(share=50, seconds=300),
    CanaryStep(share=100, seconds=300),
)


def component(instances: int = 2, port: int = 8080, strategy: Strategy | None = None) -> Component:
    return Component(name="api", instances=instances, port=port, strategy=strategy)


def environment(*parts: Component, type: EnvironmentType = EnvironmentType.STAGING) -> Environment:
    return Environment(
        name="here", type=type, service="shop", components=parts, canary=STEPS, root=Path("/srv/here")
    )


def running(slot: str = "blue", version: Version = OLD, wanted: int = 2, port: int = 8080) -> Running:
    weights = {slot: 100} if port else {}
    return Running(component="api", slots=(Slot(name=slot, version=version, wanted=wanted),), weights=weights)


def whole(part: Component, now: Running, version: Version = NEW) -> tuple[Move, ...]:
    return moves(environment(part), {part.name: now}, version, {})


def kinds(taken: tuple[Move, ...]) -> list[str]:
    return [move.kind for move in taken]


def settled(now: Running) -> tuple[dict[str, tuple[str, int]], dict[str, int]]:
    """What people would notice: which version runs where how often, and who gets the traffic."""
    return {slot.name: (slot.version.name, slot.wanted) for slot in filled(now) if slot.version}, served(now)


@some.composite
def places(draw: some.DrawFn) -> tuple[Component, Running]:
    """A component, and any state that deployments, finished or not, can leave behind."""
    port = draw(some.sampled_from((0, 8080)))
    part = component(draw(some.integers(1, 5)), port, draw(some.sampled_from(Strategy)))
    names = draw(some.lists(some.sampled_from(("blue", "green")), unique=True))
    slots = tuple(
        Slot(name=name, version=draw(some.sampled_from((OLD, NEW))), wanted=draw(some.integers(1, 5)))
        for name in sorted(names)
    )
    share = draw(some.sampled_from((0, 1, 30, 50, 99, 100)))
    weights = draw(some.sampled_from(({}, {"blue": share, "green": 100 - share}))) if port else {}
    return part, Running(component="api", slots=slots, weights=weights)


@given(places())
@settings(max_examples=150, deadline=None)
def test_the_undos_of_every_prefix_bring_back_what_ran_before(place: tuple[Component, Running]) -> None:
    part, start = place

    taken = whole(part, start)

    for count in range(len(taken) + 1):
        back = after_all(after_all(start, taken[:count]), undos(taken[:count]))
        assert settled(back) == settled(start)


@given(places())
@settings(max_examples=150, deadline=None)
def test_the_end_of_every_sequence_is_the_new_version_alone(place: tuple[Component, Running]) -> None:
    part, start = place

    slots, shares = settled(after_all(start, whole(part, start)))

    assert list(slots.values()) == [("v2", part.instances)]
    assert shares == ({next(iter(slots)): 100} if part.port else {})


@given(places())
@settings(max_examples=150, deadline=None)
def test_traffic_never_points_at_nothing_and_capacity_never_falls(place: tuple[Component, Running]) -> None:
    part, now = place
    has_a_gap = part.strategy is Strategy.RECREATE or not part.port
    least = 0 if has_a_gap else min(part.instances, capacity(now))

    for move in whole(part, now):
        now = after(now, move)
        if isinstance(move, SetTraffic):
            assert served(now) == move.weights
        assert capacity(now) >= least


@given(places())
@settings(max_examples=150, deadline=None)
def test_going_back_never_points_at_nothing(place: tuple[Component, Running]) -> None:
    part, start = place
    has_a_gap = part.strategy is Strategy.RECREATE or not part.port or not served(start)
    taken = whole(part, start)

    for count in range(len(taken) + 1):
        now = after_all(start, taken[:count])
        for undo in undos(taken[:count]):
            now = after(now, undo)
            assert undo.kind != "set_traffic" or served(now) == now.weights
            assert has_a_gap or served(now)


@given(places())
@settings(max_examples=100, deadline=None)
def test_slots_are_started_empty_and_every_move_has_an_undo_or_a_reason(
    place: tuple[Component, Running],
) -> None:
    part, now = place

    for move in whole(part, now):
        if isinstance(move, Start):
            assert move.slot not in {slot.name for slot in filled(now)}
        assert planned(move).undo
        now = after(now, move)


def capacity(now: Running) -> int:
    return sum(slot.wanted for slot in filled(now) if slot.name in served(now))


def test_every_strategy_has_a_rollout() -> None:
    assert set(ROLLOUTS) == set(Strategy)


@pytest.mark.parametrize("strategy", Strategy)
def test_a_first_deployment_starts_and_takes_all_traffic(strategy: Strategy) -> None:
    taken = whole(component(strategy=strategy), Running(component="api"))

    assert kinds(taken) == ["start", "set_traffic", "verify", "analyse"]
    assert isinstance(taken[1], SetTraffic) and (taken[1].was, taken[1].weights) == ({}, {"blue": 100})


def test_blue_green_switches_at_once_and_keeps_the_old_slot_until_the_watch_is_over() -> None:
    taken = whole(component(strategy=Strategy.BLUE_GREEN), running("blue"))

    assert kinds(taken) == ["start", "set_traffic", "verify", "analyse", "drain", "stop"]
    assert isinstance(taken[0], Start) and taken[0].slot == "green"
    assert isinstance(taken[-1], Stop) and (taken[-1].slot, taken[-1].version) == ("blue", OLD)


def test_canary_widens_step_by_step_and_compares_with_the_old_slot() -> None:
    taken = whole(component(strategy=Strategy.CANARY), running("green"))

    shares = [move.weights for move in taken if isinstance(move, SetTraffic)]
    assert shares == [{"blue": 5, "green": 95}, {"blue": 50, "green": 50}, {"blue": 100}]
    watched = [(m.share, m.baseline, m.seconds, m.final) for m in taken if isinstance(m, Analyse)]
    assert watched == [
        (5, "green", 600, False),
        (50, "green", 300, False),
        (100, None, 300, False),
        (100, None, 3600, True),
    ]


def test_where_instances_share_the_traffic_as_many_are_new_as_give_the_share() -> None:
    cluster = Kubernetes(image="registry.example/api:{commit}", namespace="shop")
    part = component(instances=10, strategy=Strategy.CANARY).model_copy(
        update={"provider": "kubernetes", "kubernetes": cluster}
    )
    steps = tuple(CanaryStep(share=share, seconds=60) for share in (10, 50))
    place = environment(part).model_copy(update={"canary": steps})
    taken = moves(place, {"api": running(wanted=10)}, NEW, {})

    told = [
        words(move).removeprefix("api: ") for move in taken if isinstance(move, Start | Scale | SetTraffic)
    ]
    assert told == [
        "start 1 × v2 in green", "traffic blue 90 %, green 10 %", "scale blue from 10 to 9",
        "scale green from 1 to 5", "traffic blue 50 %, green 50 %", "scale blue from 9 to 5",
        "scale green from 5 to 10", "traffic green 100 %",
    ]  # fmt: skip
    now = running(wanted=10)
    for move in taken:
        now = after(now, move)
        if isinstance(move, Analyse) and not move.final:
            counts = {slot.name: slot.wanted for slot in filled(now)}
            assert 100 * counts["green"] == move.share * sum(counts.values())


@pytest.mark.parametrize("strategy", [Strategy.CANARY, Strategy.BLUE_GREEN])
def test_until_the_watch_is_over_the_way_back_starts_nothing(strategy: Strategy) -> None:
    taken = whole(component(strategy=strategy), running())
    watching = next(i for i, move in enumerate(taken) if isinstance(move, Analyse) and move.final)

    back = undos(taken[:watching])

    assert {move.kind for move in back} == {"set_traffic", "stop"}
    assert back[0].kind == "set_traffic" and back[-1].kind == "stop"


def test_rolling_adds_one_moves_its_share_and_takes_one_away() -> None:
    taken = rollout(component(3), environment(component(3)), running(wanted=3), NEW)

    story = [(m.kind, m.instances if isinstance(m, Start | Scale) else None) for m in taken]
    assert story == [
        ("start", 1), ("set_traffic", None), ("scale", 2),
        ("scale", 2), ("set_traffic", None), ("scale", 1),
        ("scale", 3), ("set_traffic", None), ("verify", None),
    ]  # fmt: skip
    shares = [m.weights["green"] for m in taken if isinstance(m, SetTraffic)]
    assert shares == [33, 67, 100]


def test_rolling_never_runs_more_than_one_extra_instance() -> None:
    now = running(wanted=4)

    for move in rollout(component(4), environment(component(4)), now, NEW):
        now = after(now, move)
        assert sum(slot.wanted for slot in now.slots) <= 5


@pytest.mark.parametrize("provider", ["digitalocean", "railway"])
def test_rolling_where_versions_never_run_beside_each_other_brings_all_instances_at_once(
    provider: str,
) -> None:
    part = component(3).model_copy(update={"provider": provider})

    taken = rollout(part, environment(part), running(wanted=3), NEW)

    assert [one.instances for one in taken if isinstance(one, Start)] == [3]
    assert kinds(taken) == ["start", "set_traffic", "verify"]


def test_recreate_stops_before_it_starts() -> None:
    taken = rollout(component(strategy=Strategy.RECREATE), environment(component()), running(), NEW)

    assert kinds(taken) == ["set_traffic", "drain", "stop", "start", "set_traffic", "verify"]
    assert words(taken[0]) == "api: traffic to nobody"


def test_going_back_after_recreate_gives_the_traffic_back_last() -> None:
    taken = rollout(component(strategy=Strategy.RECREATE), environment(component()), running(), NEW)

    assert [undo.kind for undo in undos(taken)] == ["stop", "start", "set_traffic"]


def test_the_live_version_again_is_only_checked_and_watched() -> None:
    assert kinds(whole(component(), running(version=NEW))) == ["verify", "analyse"]


def test_a_leftover_that_still_has_traffic_is_relieved_before_it_is_stopped() -> None:
    slots = (Slot(name="blue", version=OLD, wanted=1), Slot(name="green", version=NEW, wanted=2))
    now = Running(component="api", slots=slots, weights={"blue": 60, "green": 40})

    taken = rollout(component(), environment(component()), now, NEW)

    assert kinds(taken[:4]) == ["scale", "set_traffic", "drain", "stop"]
    assert isinstance(taken[3], Stop) and (taken[3].slot, taken[3].version) == ("green", NEW)


def test_a_component_without_traffic_is_replaced_before_the_watch() -> None:
    part = component(port=0, strategy=Strategy.CANARY)

    taken = whole(part, running(port=0))

    assert kinds(taken) == ["start", "stop", "verify", "analyse"]
    assert isinstance(taken[-1], Analyse) and taken[-1].share == 0


def test_backups_come_first_then_components_in_order_and_old_slots_stop_last() -> None:
    database = Database(url="sqlite:////srv/shop.db", dialect="sqlite")
    parts = (
        Component(name="api", port=8080, database=database, strategy=Strategy.BLUE_GREEN),
        Component(name="web", port=8081, strategy=Strategy.BLUE_GREEN),
    )
    slot = Slot(name="blue", version=OLD, wanted=2)
    now = {part.name: Running(component=part.name, slots=(slot,), weights={"blue": 100}) for part in parts}

    taken = moves(environment(*parts, type=EnvironmentType.PRODUCTION), now, NEW, {"api": (FILE,)})

    assert [(move.component, move.kind) for move in taken] == [
        ("api", "backup"), ("api", "migrate"), ("api", "start"), ("api", "set_traffic"), ("api", "verify"),
        ("web", "start"), ("web", "set_traffic"), ("web", "verify"),
        ("api", "analyse"), ("web", "analyse"),
        ("api", "drain"), ("api", "stop"), ("web", "drain"), ("web", "stop"),
    ]  # fmt: skip
    assert isinstance(taken[0], Backup) and isinstance(taken[1], Migrate) and isinstance(taken[4], Verify)
    assert isinstance(taken[10], Drain) and taken[10].seconds == parts[0].drain_seconds


def test_without_a_database_the_configuration_alone_is_backed_up_first() -> None:
    parts = (Component(name="api", port=8080), Component(name="web", port=8081))

    taken = moves(environment(*parts, type=EnvironmentType.PRODUCTION), {}, NEW, {})
    elsewhere = moves(environment(*parts, type=EnvironmentType.STAGING), {}, NEW, {})

    assert [move for move in taken if isinstance(move, Backup)] == [taken[0]] == [Backup(component="api")]
    assert not any(isinstance(move, Backup) for move in elsewhere)


@pytest.mark.parametrize(("files", "backups"), [((), 0), ((FILE,), 1)])
def test_a_rollback_backs_up_only_before_a_migration(files: tuple[MigrationFile, ...], backups: int) -> None:
    api = Component(name="api", port=8080, database=Database(url="sqlite:////srv/shop.db", dialect="sqlite"))
    place = environment(api, type=EnvironmentType.PRODUCTION)

    taken = moves(place, {}, NEW, {"api": files}, kind=Kind.ROLLBACK)

    assert sum(isinstance(move, Backup) for move in taken) == backups


def test_an_environment_without_a_monitoring_period_is_not_watched() -> None:
    place = environment(component()).model_copy(update={"monitoring": Monitoring(period=0)})

    taken = moves(place, {}, NEW, {})

    assert kinds(taken) == ["start", "set_traffic", "verify"]
