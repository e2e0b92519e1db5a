"""Stories with tasks in ClickUp: its server and our tracker are real, the rest of the outside is twins."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import cast

from orchestrate.models.deployment import Outcome, Status
from orchestrate.models.task import Queue
from orchestrate.store import Store
from tests.servers.clickup import ClickUp, clickup
from tests.servers.clickup_tracker import PeopledClickUp, tracker
from tests.servers.clickup_world import LIST, ClickUpWorld, Saying
from tests.stories.places import quick
from tests.stories.twins import Clock, Tracker, outside
from tests.stories.world import World, assembled


@asynccontextmanager
async def world(folder: Path) -> AsyncGenerator[tuple[World, ClickUp]]:
    """Production by one switch of the traffic, with its tasks in ClickUp."""
    clock, places = Clock(), {"production": quick(folder)}
    with clickup(ClickUpWorld(clock)) as server, closing(Store.open(f"sqlite:///{folder}/kept.db")) as kept:
        kept.upgrade()
        around = outside(tuple(places), clock)
        around.tracker = cast(Tracker, tracker(server, kept))
        await around.begin(places)
        async with assembled(folder, around, places) as here:
            yield here, server


def on(here: World) -> PeopledClickUp:
    return cast(PeopledClickUp, here.tracker)


def ours(server: ClickUp, task: str, words: str) -> list[Saying]:
    """Our own comments on the thread that hold `words`, the oldest first."""
    thread = reversed(server.world.thread(task))
    return [
        one for one in thread if one.by == 1 and words in "".join(str(run.get("text")) for run in one.runs)
    ]


async def test_a_task_of_clickup_is_approved_in_a_reply_deployed_and_closed(folder: Path) -> None:
    async with world(folder) as (here, server):
        change = await here.propose("faster", {"faster.py": "new"})
        item = server.world.add(3, LIST, "Faster", status="ready to deploy", markdown=f"change: {change.id}")
        (claimed,) = await here.intake.claim("w")
        waiting = await here.go(claimed.id)
        (asked,) = ours(server, item.id, "Approved")

        await on(here).say(item.id, "eve", "Approved", to=str(asked.id))
        await here.answers.read()
        assert not here.question(claimed.id).approvals
        await on(here).say(item.id, "ada", "Approved", to=str(asked.id))
        assert await here.answers.read() == (claimed.id,)
        ended = await here.go(claimed.id)

        assert (waiting.status, ended.outcome) == (Status.WAITING, Outcome.DEPLOYED)
        assert item.status == "deployed"
        assert [len(ours(server, item.id, words)) for words in ("Not counted", "Closed: ")] == [1, 1]
        assert {"type": "tag", "user": {"id": 2}} in asked.runs
        assert await here.intake.claim("w") == ()


async def test_an_hour_without_clickup_at_the_end_delays_the_words_and_says_them_once(folder: Path) -> None:
    async with world(folder) as (here, server):
        deployment, task, change = await here.approved()

        def vanish() -> None:
            server.is_down = True

        here.provider.at[f"web: stop 2 × {here.live().name} in blue"] = vanish
        for seconds in (*[1] * 40, *[300] * 12):
            if here.is_due(deployment.id):
                await here.runner.drive(deployment.id)
            await here.wait(seconds)
        assert here.live().name == change.head[:8]
        assert server.world.items[task.id].status == "deploying"

        server.is_down = False
        await here.wait(1800)
        ended = await here.go(deployment.id)

        assert ended.outcome is Outcome.DEPLOYED
        assert server.world.items[task.id].status == "deployed"
        markers = [
            str(run) for one in server.world.thread(task.id) for run in one.runs if "orchestrate:" in str(run)
        ]
        assert len(markers) == len(set(markers)) >= 4
        assert [item.name for item in server.world.items.values() if "announce" in item.tags]


async def test_a_failed_task_of_clickup_gets_a_fix_that_its_dependents_wait_for(folder: Path) -> None:
    async with world(folder) as (here, server):
        deployment, task, _ = await here.approved()
        dependent = server.world.add(3, LIST, "After it", status="ready to deploy", waits_for=[task.id])
        here.metrics.failing["green"] = 0.5

        ended = await here.go(deployment.id)

        (fix,) = await here.tracker.ready(Queue.EXECUTION)
        assert ended.outcome is Outcome.ROLLED_BACK
        assert server.world.items[fix.id].linked == [task.id]
        assert dependent.waits_for == [fix.id]
        assert f"created fix task {fix.id}" in ((await here.tracker.task(task.id)).closed_reason or "")
        assert await here.intake.claim("w") == ()
