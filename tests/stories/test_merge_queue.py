"""What waits in a forge's merge queue leaves it when it is not wanted any more, and nothing merges it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from graphs.steps.queued import CLOCKS, leave_queue, taken_out
from orchestrate.app import App
from orchestrate.cli.deploy.cancel import ended
from orchestrate.errors import OutsideFailed, Refused, Unreachable
from orchestrate.models.deployment import Deployment, Lease, Outcome, Stage
from orchestrate.models.task import Task
from tests.orchestrate.counter.conftest import app_of
from tests.stories.places import quick
from tests.stories.twins import Clock, outside
from tests.stories.world import World, assembled
from tools.executor import Errand
from tools.queueing import MemoryQueue

LOOKS = 20  # seconds until the queue is looked at again


class Queue(MemoryQueue):
    """A queue that can keep what it has, or lose its answer."""

    def __init__(self) -> None:
        super().__init__()
        self.problem: Exception | None = None
        self.is_after = False
        self.since: list[float] = []

    async def dropped(self, change: str, since: float) -> str:
        self.since.append(since)
        return await super().dropped(change, since)

    async def leave(self, change: str) -> None:
        problem, self.problem = self.problem, None
        if problem is None or self.is_after:
            await super().leave(change)
        if problem is not None:
            raise problem


@asynccontextmanager
async def queued(folder: Path) -> AsyncGenerator[tuple[World, Queue, Deployment, Task]]:
    """An approved change that waits in the merge queue."""
    places, queue = {"production": quick(folder)}, Queue()
    around = outside(tuple(places), Clock())
    around.forge.queue = queue
    await around.begin(places)
    async with assembled(folder, around, places) as here:
        deployment, task, change = await here.approved()
        await here.runner.drive(deployment.id)
        assert queue.waiting == [change.id]
        yield here, queue, deployment, task


async def looked(here: World, deployment: str) -> Deployment:
    """The next look at the queue."""
    await here.wait(LOOKS)
    assert here.is_due(deployment)
    await here.runner.drive(deployment)
    return here.store.deployments.deployment(deployment)


async def test_what_the_queue_merged_is_deployed(folder: Path) -> None:
    async with queued(folder) as (here, queue, deployment, _):
        queue.waiting.clear()
        here.forge.queue = None  # it merges by itself

        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED


async def test_a_hold_takes_it_out_of_the_queue(folder: Path) -> None:
    async with queued(folder) as (here, queue, deployment, task):
        await here.tracker.say(task.id, "ada", "Hold")

        await looked(here, deployment.id)
        ended = await here.go(deployment.id)

        assert (ended.outcome, ended.reason) == (Outcome.HELD, "ada said hold")
        assert queue.waiting == []
        assert here.store.locks.holder("production", "shop") is None
        assert (await here.tracker.task(task.id)).status == "On hold"


async def test_a_base_that_moved_takes_it_out_and_the_new_plan_is_asked_about(folder: Path) -> None:
    async with queued(folder) as (here, queue, deployment, _):
        here.forge.queue = None  # whoever came before it was merged
        here.forge.write("main", {"other.py": "new"}, "Somebody else's")

        await here.go(deployment.id)

        assert queue.waiting == []
        assert here.question(deployment.id).plan_hash != deployment.plan_hash
        assert here.forge.merges == []


async def test_a_lost_answer_is_looked_at_and_not_asked_for_again(folder: Path) -> None:
    async with queued(folder) as (here, queue, deployment, task):
        queue.problem, queue.is_after = Unreachable("the answer was lost"), True
        await here.tracker.say(task.id, "ada", "Hold")

        await looked(here, deployment.id)
        ended = await here.go(deployment.id)

        assert (ended.outcome, queue.waiting) == (Outcome.HELD, [])
        assert not [one for one in here.store.events.of(deployment.id) if one.kind == "still_queued"]


async def test_what_the_queue_took_out_is_not_put_there_again(folder: Path) -> None:
    async with queued(folder) as (here, queue, deployment, _):
        queue.waiting.clear()
        queue.told["1"] = "the queue took it out: a check failed"

        await looked(here, deployment.id)
        ended = await here.go(deployment.id)

        assert (ended.outcome, ended.reason) == (Outcome.MERGE_REFUSED, queue.told["1"])
        assert queue.waiting == []


async def test_what_we_took_out_ourselves_nobody_else_took_out(folder: Path) -> None:
    async with queued(folder) as (here, queue, deployment, _):
        lease = here.store.leases.take(deployment.id, "a worker", 30)
        assert lease is not None
        plan = here.store.plans.of(deployment.id)
        at = Errand(deployment=deployment.id, stage=Stage.MERGE, lease=lease, plan_hash=plan.hash)
        asked = here.clock.now
        await taken_out(here.crew, at, plan)
        here.clock.now += 5

        assert await leave_queue(here.crew, at, plan) is None
        await taken_out(here.crew, at, plan)

        assert queue.since[-2:] == [asked, asked + 5 + CLOCKS]


async def test_where_it_cannot_be_taken_out_the_story_says_so(folder: Path) -> None:
    async with queued(folder) as (here, queue, deployment, task):
        queue.problem = OutsideFailed("GitHub leaves it in", cure="take it out on GitHub")
        await here.tracker.say(task.id, "ada", "Hold")

        await looked(here, deployment.id)
        ended = await here.go(deployment.id)

        (said,) = [one.text for one in here.store.events.of(deployment.id) if one.kind == "still_queued"]
        assert "may still merge" in said and "take it out on GitHub" in said
        assert ended.outcome is Outcome.HELD


def at_hand(here: World, folder: Path, deployment: str) -> tuple[App, Lease]:
    """What Ada's command has."""
    lease = here.store.leases.take(deployment, "ada's command", 30)
    assert lease is not None
    return cast(App, SimpleNamespace(**vars(app_of(here, folder)), runner=here.runner)), lease


async def test_what_is_cancelled_leaves_the_queue(folder: Path) -> None:
    async with queued(folder) as (here, queue, deployment, _):
        app, lease = at_hand(here, folder, deployment.id)
        queue.problem = OutsideFailed("GitHub leaves it in")
        with pytest.raises(Refused, match="the merge queue still has it"):
            await ended(app, lease, "cancelled by ada")

        found = await ended(app, lease, "cancelled by ada")

        assert (found.outcome, queue.waiting) == (Outcome.CANCELLED, [])


async def test_what_the_queue_merged_meanwhile_is_not_cancelled(folder: Path) -> None:
    async with queued(folder) as (here, queue, deployment, _):
        app, lease = at_hand(here, folder, deployment.id)
        order = here.store.plans.of(deployment.id).merge
        assert order is not None
        queue.waiting.clear()
        here.forge.queue = None
        await here.forge.merge(order)

        with pytest.raises(Refused, match="is merged already"):
            await ended(app, lease, "cancelled by ada")

        assert here.store.deployments.deployment(deployment.id).outcome is None


async def test_what_is_parked_leaves_the_queue(folder: Path) -> None:
    async with queued(folder) as (here, queue, deployment, _):
        ended = await here.go(deployment.id, most=4000)

        assert (ended.outcome, queue.waiting) == (Outcome.PARKED, [])
