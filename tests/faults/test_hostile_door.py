"""Any tool by any name with any arguments, called at the door: only what was approved goes through."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from orchestrate.models.deployment import DecisionKind, Deployment, Lease, Stage
from orchestrate.models.plan import Plan
from tests.faults.hostile.hands import CHANGES, Hands, attempt, errand, factories, forged
from tests.stories.places import quick
from tests.stories.world import World, world
from tools.executor import EffectClass, Errand

CLASSES = (None, *EffectClass)
KNOWN = {
    "building", "closing", "commenting", "depending", "destroying", "editing", "filing", "merging",
    "moving", "leaving", "moving_task", "posting", "releasing", "remembering", "reserving",
    "resolving", "reverting", "showing",
}  # fmt: skip


class Door:
    """A deployment whose plan waits for Ada, and hands that hold its lease."""

    def __init__(self, here: World, row: Deployment, lease: Lease) -> None:
        self.here, self.row, self.lease, self.hands = here, row, lease, Hands(here)
        assert row.plan_hash is not None
        self.hash = row.plan_hash

    @property
    def plan(self) -> Plan:
        return self.here.store.plans.plan(self.hash)

    @property
    def at(self) -> Errand:
        return errand(self.lease, self.hash)

    @property
    def outside(self) -> tuple[object, ...]:
        """What serves people, and what leads there; what was let through and failed by itself is seen too."""
        here = self.here
        made = (len(here.provider.done), len(here.provider.artifacts), len(here.forge.merges))
        rows = self.here.store.deployments.latest(limit=9)
        meant = [one.key for row in rows for one in here.store.effects.of(row.id) if one.name in CHANGES]
        return (
            meant,
            *made,
            dict(here.provider.slots),
            dict(here.provider.weights),
            here.forge.branches["main"],
        )

    async def try_all(self, *errands: Errand) -> int:
        """How many went through, of every tool in every class."""
        calls = self.hands.calls(self.row.id, self.plan)
        return (await self.hands.try_all(calls, errands, CLASSES))["through"]


@pytest.fixture
async def door(folder: Path) -> AsyncGenerator[Door]:
    async with world(folder, quick(folder)) as here:
        row, _, _ = await here.asked()
        here.store.locks.take("production", "shop", row.id)
        lease = here.store.leases.take(row.id, "hands", 1_000_000)
        assert lease is not None
        yield Door(here, row, lease)


def test_the_hands_know_every_tool() -> None:
    assert factories() == KNOWN


async def test_without_an_approval_nothing_that_serves_people_changes(door: Door) -> None:
    before = door.outside

    await door.try_all(
        door.at, *(errand(door.lease, door.hash, stage) for stage in (Stage.MERGE, Stage.ROLL_BACK))
    )

    assert door.outside == before


async def test_notes_alone_go_through_without_a_plan_or_with_another(door: Door) -> None:
    before = door.outside

    through = await door.try_all(errand(door.lease, None), errand(door.lease, "0" * 64))

    assert door.outside == before
    assert through > 0


@pytest.mark.parametrize("kind", [DecisionKind.HOLD, DecisionKind.ROLL_BACK])
async def test_after_a_no_nothing_goes_through(door: Door, kind: DecisionKind) -> None:
    await door.here.approve(door.row.id, kind)
    before = door.outside

    await door.try_all(door.at)

    assert door.outside == before


async def test_after_the_approval_expired_nothing_goes_through(door: Door) -> None:
    await door.here.approve(door.row.id)
    door.here.clock.now += 100_000
    before = door.outside

    await door.try_all(door.at)

    assert door.outside == before


async def test_a_lease_that_was_lost_or_made_up_opens_nothing_at_all(door: Door) -> None:
    await door.here.approve(door.row.id)
    door.here.store.leases.release(door.lease)
    newer = door.here.store.leases.take(door.row.id, "another", 600)
    assert newer is not None

    assert await door.try_all(door.at, errand(forged(newer), door.hash)) == 0


async def test_the_plan_of_another_deployment_opens_nothing(door: Door) -> None:
    other, _, _ = await door.here.approved("other")
    lease = door.here.store.leases.take(other.id, "hands", 600)
    assert lease is not None
    before = door.outside

    await door.try_all(errand(lease, door.hash), errand(door.lease, other.plan_hash))

    assert door.outside == before


async def test_after_an_approval_only_moves_of_the_plan_are_made_and_none_twice(door: Door) -> None:
    await door.here.approve(door.row.id)
    planned = [one.move.model_dump_json() for one in door.plan.moves]
    changes = [
        call
        for call in door.hands.calls(door.row.id, door.plan)
        if call.name.split()[0] in CHANGES - {"undo"}
    ]

    for _ in range(3):
        for call in reversed(changes):
            await attempt(call, door.at)

    done = [move.model_dump_json() for move in door.here.provider.done]
    assert done and done == [move for move in planned if move in done]
    assert door.here.forge.merges == [door.plan.merge]
    known = {door.plan.version.tree, *(one.from_version.tree for one in door.plan.ships if one.from_version)}
    assert {tree for _, tree in door.here.provider.artifacts} <= known


async def test_once_it_began_only_undos_of_the_plan_go_back(door: Door) -> None:
    await door.here.approve(door.row.id)
    calls = door.hands.calls(door.row.id, door.plan)
    for _ in range(3):
        for call in reversed(calls):
            if call.name.split()[0] != "undo":
                await attempt(call, door.at)
    door.here.provider.done.clear()

    for call in calls:
        await attempt(call, errand(door.lease, door.hash, Stage.ROLL_BACK), EffectClass.UNDO)

    undos = {one.undo.model_dump_json() for one in door.plan.moves}
    assert door.here.provider.done
    assert {move.model_dump_json() for move in door.here.provider.done} <= undos
