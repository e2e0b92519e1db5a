"""A story with tasks in Beads: the real `bd` and our tracker on it, the rest of the outside is twins."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from orchestrate.models.deployment import Outcome
from orchestrate.models.task import Priority, Queue, TaskMetadata
from tests.servers import bd
from tests.servers.bd.workspace import PeopledBeads, tracker
from tests.stories.places import quick
from tests.stories.twins import Clock, Tracker, outside
from tests.stories.world import World, assembled

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bd.found() is None, reason=bd.why_not())]


@asynccontextmanager
async def world(folder: Path) -> AsyncGenerator[tuple[World, PeopledBeads]]:
    """Production by one switch of the traffic, with its tasks in Beads."""
    places, beads = {"production": quick(folder)}, tracker(folder / "beads")
    around = outside(tuple(places), Clock(time.time()))
    around.tracker = cast(Tracker, beads)
    await around.begin(places)
    async with assembled(folder, around, places) as here:
        yield here, beads


async def test_a_bead_is_held_by_a_comment_and_approved_only_where_it_is_proven(folder: Path) -> None:
    async with world(folder) as (here, beads):
        change = await here.propose("faster", {"faster.py": "new"})
        task = await here.task(change)
        (claimed,) = await here.intake.claim("w")
        await here.go(claimed.id)

        await beads.say(task.id, "ada", "Approved")
        await here.answers.read()
        assert not here.question(claimed.id).approvals
        await here.approve(claimed.id)
        ended = await here.go(claimed.id)

        closed = await beads.task(task.id)
        assert ended.outcome is Outcome.DEPLOYED
        assert (closed.status, closed.is_closed) == ("Deployed", True)
        assert len(await here.said(task.id, "Not counted: nobody proves here who wrote it")) == 1
        assert len(await here.said(task.id, "Picked up")) == 1


async def test_a_bead_is_taken_when_its_stage_says_so(folder: Path) -> None:
    async with world(folder) as (here, beads):
        change = await here.propose("faster", {"faster.py": "new"})
        task = await here.task(change, metadata=TaskMetadata(stage="5"))
        assert await here.intake.claim("w") == ()

        await beads.beads.do("update", task.id, "--set-metadata=stage=6", about="its stage")

        assert [one.request.task for one in await here.intake.claim("w")] == [task.id]


async def test_a_bead_that_failed_is_closed_with_its_reason_and_its_fix_comes_first(folder: Path) -> None:
    async with world(folder) as (here, beads):
        deployment, task, change = await here.approved()
        after = await here.task(change, title="After it", depends_on=(task.id,))
        here.metrics.failing["green"] = 0.5

        ended = await here.go(deployment.id)

        (fix,) = await beads.ready(Queue.EXECUTION)
        assert ended.outcome is Outcome.ROLLED_BACK
        assert (fix.discovered_from, fix.priority <= Priority.P1) == (task.id, True)
        assert (await beads.task(after.id)).depends_on == (fix.id,)
        assert f"created fix task {fix.id}" in ((await beads.task(task.id)).closed_reason or "")
        await beads.close(fix.id, "Fixed", "Done")
        assert [one.id for one in await beads.ready(Queue.DEPLOY)] == [after.id]
