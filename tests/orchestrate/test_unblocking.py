"""Unblocking: a look now and then, which changes nothing unless the gates do."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import Deployment, Outcome
from orchestrate.models.task import Task
from orchestrate.models.windows import Freeze
from tests.stories.places import quick
from tests.stories.world import World, world

FREEZE = Freeze(start="2020-01-01", end="2027-01-15T08:10:00+00:00", reason="launch week")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncGenerator[World]:
    async with world(tmp_path, quick(tmp_path, freezes=(FREEZE,))) as made:
        yield made


async def frozen(here: World) -> tuple[Deployment, Task]:
    """A task that a freeze stopped."""
    deployment, task, _ = await here.ready()
    row = await here.go(deployment.id)
    assert row.outcome is Outcome.BLOCKED
    return row, await here.tracker.task(task.id)


async def test_a_task_comes_back_when_the_freeze_is_over(here: World) -> None:
    _, task = await frozen(here)
    assert await here.unblocking.look() == []

    here.clock.now += 700

    assert await here.unblocking.look() == [task.id]
    assert (await here.tracker.task(task.id)).status == "Ready to Deploy"
    assert here.store.audit.tail()[-1].kind is AuditKind.UNBLOCKED


async def test_a_task_comes_back_when_a_person_lifts_the_freeze(tmp_path: Path) -> None:
    async with world(tmp_path, quick(tmp_path)) as here:
        freezes, name = here.store.freezes, "production"
        freezes.call(name, "shop", "ada", "database moves", here.clock.now + 7200)
        _, task = await frozen(here)
        assert await here.unblocking.look() == []

        freezes.lift(name, "shop", "ada")

        assert await here.unblocking.look() == [task.id]


async def test_a_task_comes_back_once(here: World) -> None:
    await frozen(here)
    here.clock.now += 700

    await here.unblocking.look()

    assert await here.unblocking.look() == []


async def test_a_task_that_somebody_moved_is_theirs(here: World) -> None:
    _, task = await frozen(here)
    await here.tracker.move(task.id, "Thinking")
    here.clock.now += 700

    assert await here.unblocking.look() == []


async def test_a_task_that_is_closed_stays_closed(here: World) -> None:
    _, task = await frozen(here)
    await here.tracker.close(task.id, "Not needed", "Closed")
    here.clock.now += 700

    assert await here.unblocking.look() == []


async def test_only_the_newest_attempt_at_a_task_counts(here: World) -> None:
    row, task = await frozen(here)
    newer = here.accept("production", task=task.id, change=row.request.change)
    here.clock.now += 700

    assert await here.unblocking.look() == []
    assert here.store.deployments.deployment(newer.id).outcome is None


async def test_a_task_that_another_worker_took_meanwhile_is_left_to_it(here: World) -> None:
    row, task = await frozen(here)
    here.clock.now += 700

    def quicker() -> None:
        here.accept("production", task=task.id, change=row.request.change)

    here.forge.before_preview = quicker
    back = await here.unblocking.look()

    assert back == []
    assert (await here.tracker.task(task.id)).status == "Blocked"
