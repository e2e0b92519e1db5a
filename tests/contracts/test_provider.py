"""What any provider must do: the conformance kit, passed by every one of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from orchestrate.errors import BuildFailed, StartFailed, UnknownVersion
from orchestrate.models.abilities import Ability, abilities_of
from orchestrate.models.change import Version
from orchestrate.models.move import Drain, Scale, SetTraffic, Start, Stop, Weights
from tests.contracts.provider_worlds import BAD, KINDS, ONE, RED, TWO, WORLDS, World
from tools.provider import Addresses, Logs


def start(slot: str, version: Version = ONE, instances: int = 1) -> Start:
    return Start(component="web", slot=slot, version=version, instances=instances)


def scale(slot: str, was: int, instances: int) -> Scale:
    return Scale(component="web", slot=slot, version=ONE, was=was, instances=instances)


def traffic(weights: Weights, was: Weights | None = None) -> SetTraffic:
    return SetTraffic(component="web", was=was or {}, weights=weights)


def stop(slot: str, version: Version = ONE) -> Stop:
    return Stop(component="web", slot=slot, version=version, instances=1)


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[World]:
    async with WORLDS[request.param](request, tmp_path) as made:
        yield made


async def test_at_first_nothing_runs(world: World) -> None:
    running = await world.provider.running(world.web)

    assert (running.component, running.slots, running.weights) == ("web", (), {})


async def test_what_was_built_is_found_again_and_not_built_twice(world: World) -> None:
    assert await world.provider.artifact(world.web, ONE) is None

    await world.build(ONE)
    first = await world.provider.artifact(world.web, ONE)
    await world.build(ONE)

    assert first is not None
    assert first.component == "web"
    assert first.version == ONE
    assert await world.provider.artifact(world.web, ONE) == first


async def test_an_unbuilt_version_does_not_start(world: World) -> None:
    with pytest.raises(UnknownVersion):
        await world.do(start("blue"))

    assert not (await world.provider.running(world.web)).slots


async def test_a_started_version_runs_healthy_in_its_slot(world: World) -> None:
    await world.build(ONE)
    names = ["blue", "blue"] if abilities_of(world.web).does(Ability.SCALE) else ["blue"]
    move = start("blue", instances=len(names))

    await world.do(move)

    slot = (await world.provider.running(world.web)).slot("blue")
    assert slot is not None
    assert [one.slot for one in slot.instances] == names
    assert len({one.id for one in slot.instances}) == len(names)
    assert slot.is_healthy
    assert slot.version == ONE
    assert await world.holds(move)


async def test_starting_twice_is_starting_once(world: World) -> None:
    await world.build(ONE)
    await world.do(start("blue"))
    before = await world.provider.running(world.web)

    await world.do(start("blue"))

    after = await world.provider.running(world.web)
    assert [one.pid for slot in after.slots for one in slot.instances] == [
        one.pid for slot in before.slots for one in slot.instances
    ]


async def test_a_version_that_does_not_get_well_leaves_nothing(world: World) -> None:
    await world.build(BAD)

    with pytest.raises(StartFailed, match=world.crash):
        await world.do(start("blue", BAD))

    assert not (await world.provider.running(world.web)).slots


async def test_a_slot_is_not_taken_from_another_version(world: World) -> None:
    await world.build(ONE)
    await world.build(TWO)
    await world.do(start("blue"))

    with pytest.raises(StartFailed, match="stopped before v2"):
        await world.do(start("blue", TWO))

    assert await world.holds(start("blue"))


async def test_a_slot_of_which_nobody_knows_the_version_is_shown_and_not_taken_from_it(world: World) -> None:
    await world.build(ONE)
    await world.build(TWO)
    await world.do(start("blue"))
    world.lose("blue")

    with pytest.raises(StartFailed, match="stopped before v2"):
        await world.do(start("blue", TWO))

    running = await world.provider.running(world.web)
    assert [(one.name, one.version) for one in running.slots] == [("blue", None)]
    assert running.live is None
    assert not await world.holds(stop("blue"))


async def test_the_way_back_does_not_ask_which_version_the_other_slot_has(world: World) -> None:
    world.needs(Ability.SLOTS)
    await world.build(ONE)
    await world.build(TWO)
    await world.do(start("blue"))
    await world.do(traffic({"blue": 100}))
    await world.do(start("green", TWO))
    await world.do(traffic({"green": 100}, was={"blue": 100}))
    world.lose("green")

    await world.do(traffic({"blue": 100}, was={"green": 100}))
    await world.do(stop("green", TWO))

    running = await world.provider.running(world.web)
    assert (running.weights, [one.name for one in running.slots]) == ({"blue": 100}, ["blue"])
    await world.do(start("green", TWO))


async def test_a_slot_is_scaled_up_and_down(world: World) -> None:
    world.needs(Ability.SCALE)
    await world.build(ONE)
    await world.do(start("blue"))

    await world.do(scale("blue", 1, 3))
    assert await world.holds(scale("blue", 1, 3))
    await world.do(scale("blue", 3, 1))
    await world.do(scale("blue", 3, 1))

    assert await world.holds(scale("blue", 3, 1))


async def test_traffic_goes_where_it_is_sent(world: World) -> None:
    world.needs(Ability.SHARES)
    await world.build(ONE)
    await world.build(TWO)
    await world.do(start("blue"))
    await world.do(start("green", TWO))

    await world.do(traffic({"blue": 90, "green": 10}))
    await world.do(traffic({"blue": 90, "green": 10}))

    running = await world.provider.running(world.web)
    assert running.weights == {"blue": 90, "green": 10}
    assert running.live is not None
    assert running.live.name == "blue"


async def test_all_traffic_goes_from_one_slot_to_the_other(world: World) -> None:
    world.needs(Ability.SLOTS)
    await world.build(ONE)
    await world.build(TWO)
    await world.do(start("blue"))
    await world.do(start("green", TWO))
    await world.do(traffic({"blue": 100}))

    await world.do(traffic({"green": 100}, was={"blue": 100}))
    await world.do(stop("blue"))

    running = await world.provider.running(world.web)
    assert (running.weights, [slot.name for slot in running.slots]) == ({"green": 100}, ["green"])


async def test_no_traffic_goes_to_a_slot_without_healthy_instances(world: World) -> None:
    await world.build(ONE)
    await world.do(start("blue"))
    await world.do(traffic({"blue": 100}))

    with pytest.raises(StartFailed, match="green has no healthy instance"):
        await world.do(traffic({"blue": 50, "green": 50}))

    assert (await world.provider.running(world.web)).weights == {"blue": 100}


async def test_draining_an_idle_slot_ends_at_once_and_changes_nothing(world: World) -> None:
    await world.build(ONE)
    await world.do(start("blue"))

    await world.do(Drain(component="web", slot="blue", seconds=30))

    assert await world.holds(start("blue"))


async def test_a_stopped_slot_is_gone_and_its_share_goes_to_the_others(world: World) -> None:
    world.needs(Ability.SHARES)
    await world.build(ONE)
    await world.build(TWO)
    await world.do(start("blue"))
    await world.do(start("green", TWO))
    await world.do(traffic({"blue": 75, "green": 25}))

    await world.do(stop("green", TWO))
    await world.do(stop("green", TWO))

    running = await world.provider.running(world.web)
    assert [slot.name for slot in running.slots] == ["blue"]
    assert running.weights == {"blue": 100}
    assert await world.holds(stop("green", TWO))


async def test_undoing_the_moves_in_reverse_gives_what_was_before(world: World) -> None:
    world.needs(Ability.SLOTS)
    await world.build(ONE)
    await world.build(TWO)
    await world.do(start("blue"))
    await world.do(traffic({"blue": 100}))
    moves = [start("green", TWO), traffic({"green": 100}, was={"blue": 100})]
    for move in moves:
        await world.do(move)

    for move in reversed(moves):
        undo = move.undo()
        assert undo.kind != "irreversible"
        await world.do(undo)

    running = await world.provider.running(world.web)
    assert running.weights == {"blue": 100}
    assert [slot.name for slot in running.slots] == ["blue"]


async def test_every_move_is_told(world: World) -> None:
    await world.build(ONE)

    await world.do(start("blue"))

    assert "web: start 1 × v1 in blue" in world.said


async def test_resources_are_percentages(world: World) -> None:
    full = await world.provider.resources()

    for share in (full.disk, full.memory, full.cpu):
        assert share is None or 0 <= share <= 100


async def test_logs_and_addresses_are_told(world: World) -> None:
    await world.build(ONE)
    await world.do(start("blue"))
    logs: Logs = world.provider
    addresses: Addresses = world.provider
    assert len(await logs.tail(world.web, "blue", 1)) <= 1
    assert await logs.tail(world.web, "green", 5) == ()
    assert await addresses.public(world.web) == "http://127.0.0.1:8080"


async def test_a_red_build_leaves_no_artifact(world: World) -> None:
    world.needs(Ability.BUILD)
    with pytest.raises(BuildFailed, match="2 tests failed"):
        await world.build(RED)

    assert await world.provider.artifact(world.web, RED) is None
