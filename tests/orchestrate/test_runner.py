"""The runner: leases that are kept, steps that are tried again, and positions that are understood."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.types import StateSnapshot
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection

from graphs.patience import TRIES, TRIES_OF_TRACKER
from orchestrate.errors import StoreUnusable, Unreachable
from orchestrate.models.deployment import Deployment, ForTime, Outcome, Status
from orchestrate.runner import Graph
from tests.stories.places import quick
from tests.stories.world import World, world


@pytest.fixture
async def here(tmp_path: Path) -> AsyncGenerator[World]:
    async with world(tmp_path, quick(tmp_path)) as made:
        yield made


async def test_a_step_whose_outside_does_not_answer_rests_longer_and_longer(here: World) -> None:
    deployment, _, _ = await here.ready()
    here.tracker.is_down = True

    rests: list[float] = []
    for _ in range(4):
        row = await here.runner.drive(deployment.id)
        assert isinstance(row.waits_for, ForTime)
        rests.append(row.waits_for.until - here.clock.now)
        here.clock.now = row.waits_for.until

    assert rests == [5, 10, 20, 40]


async def test_a_step_that_works_again_goes_on_as_if_nothing_had_been(here: World) -> None:
    deployment, task, _ = await here.ready()
    here.tracker.is_down = True
    await here.runner.drive(deployment.id)
    here.tracker.is_down = False

    row = await here.go(deployment.id)

    assert row.waits_for is not None and row.waits_for.kind == "approval"
    assert len(await here.said(task.id, "Picked up")) == 1


async def hours_pass(here: World, deployment: str) -> Deployment:
    """Drive it whenever it is due, to its end."""
    while (row := await here.runner.drive(deployment)).status is not Status.FINISHED:
        assert row.wake_at is not None
        here.clock.now = row.wake_at
    return row


async def test_it_is_not_tried_for_ever_and_told_when_it_can_be(here: World) -> None:
    deployment, task, _ = await here.ready()
    here.tracker.is_down = True

    row = await hours_pass(here, deployment.id)

    assert row.outcome is Outcome.PARKED
    tried = [one for one in here.store.events.of(deployment.id) if one.kind == "not_done"]
    assert len(tried) == TRIES_OF_TRACKER + 1
    here.tracker.is_down = False
    await here.told()
    assert (await here.tracker.task(task.id)).status == "Blocked"
    assert len(await here.said(task.id, "a person must look")) == 1
    assert not any(one.kind == "not_told" for one in here.store.events.of(deployment.id))


async def test_a_forge_that_is_silent_is_not_waited_for_as_long(here: World) -> None:
    deployment, _, _ = await here.approved()

    def silent() -> None:
        raise Unreachable("503")

    here.forge.before_merge = silent
    row = await hours_pass(here, deployment.id)

    tried = [one for one in here.store.events.of(deployment.id) if one.kind == "not_done"]
    assert (row.outcome, len(tried)) == (Outcome.PARKED, TRIES + 1)


async def test_what_is_finished_is_not_driven_again(here: World) -> None:
    deployment, _, _ = await here.approved()
    await here.go(deployment.id)
    told = len(here.store.events.of(deployment.id))

    row = await here.runner.drive(deployment.id)

    assert row.status is Status.FINISHED
    assert len(here.store.events.of(deployment.id)) == told


async def test_a_lease_is_renewed_while_a_step_takes_its_time(here: World) -> None:
    deployment, _, _ = await here.approved()
    here.runner = replace(here.runner, lease_seconds=0.09)
    here.provider.slow.add("web: traffic green 100 %")

    driving = asyncio.create_task(here.runner.drive(deployment.id))
    for _ in range(10):
        await asyncio.sleep(0.02)
        here.clock.now += 0.02
        if "deploy" in here.stages(deployment.id):
            assert here.store.leases.take(deployment.id, "another", 60) is None
    driving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await driving


def hurried(connection: DBAPIConnection, _: object) -> None:
    """Wait a moment for a lock, instead of seconds."""
    connection.cursor().execute("PRAGMA busy_timeout=50")


async def test_a_locked_database_parks_nothing(here: World, tmp_path: Path) -> None:
    deployment, _, _ = await here.approved()
    event.listen(here.store.engine, "connect", hurried)
    here.store.engine.dispose()

    with closing(sqlite3.connect(tmp_path / "store.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnusable):
            await here.runner.drive(deployment.id)

    assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED


class OtherGraph:
    """The graph of a version that called a stage otherwise."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def aget_state(self, config: RunnableConfig) -> StateSnapshot:
        found = await self._graph.aget_state(config)
        return found._replace(tasks=tuple(one._replace(name="approval_of_old") for one in found.tasks))


async def test_a_position_at_an_unknown_stage_is_parked_with_its_name(here: World) -> None:
    deployment, task, _ = await here.approved()
    here.runner = replace(here.runner, graph=cast(Graph, OtherGraph(here.runner.graph)))

    row = await here.runner.drive(deployment.id)

    assert row.outcome is Outcome.PARKED
    assert "approval_of_old" in row.reason
    assert (await here.tracker.task(task.id)).status == "Blocked"
