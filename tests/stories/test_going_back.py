"""Stories of the way back: who starts it, and what happens when it fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.counter.going_back import before_live
from orchestrate.errors import StartFailed
from orchestrate.models.deployment import DecisionKind, Outcome
from orchestrate.models.task import Priority, Queue
from tests.stories.places import quick
from tests.stories.world import World, world

SWITCH = "web: traffic green 100 %"


def raising(problem: Exception) -> Callable[[], None]:
    """What raises it."""

    def now() -> None:
        raise problem

    return now


async def test_without_automatic_rollback_one_approval_starts_it(folder: Path) -> None:
    async with world(folder, quick(folder, auto_rollback=False)) as here:
        deployment, task, change = await here.approved()
        here.provider.at[SWITCH] = raising(StartFailed("the router hangs"))
        await here.go(deployment.id)
        (asked,) = await here.tracker.ready(Queue.EXECUTION)
        assert asked.priority is Priority.P0
        assert asked.discovered_from == task.id

        await here.says("ada", "Approved", task.id)
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.ROLLED_BACK
        assert here.live().name != change.head[:8]
        assert (await here.tracker.task(asked.id)).is_closed


async def test_without_automatic_rollback_hold_leaves_it_to_people(folder: Path) -> None:
    async with world(folder, quick(folder, auto_rollback=False)) as here:
        deployment, task, _ = await here.approved()
        here.provider.at[SWITCH] = raising(StartFailed("the router hangs"))
        await here.go(deployment.id)

        await here.approve(deployment.id, DecisionKind.HOLD)
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.HELD
        assert "roll_back" not in here.stages(deployment.id)
        assert [one for one in await here.tracker.ready(Queue.EXECUTION) if one.priority is Priority.P0]
        assert "created fix task" in ((await here.tracker.task(task.id)).closed_reason or "")


@pytest.mark.parametrize("is_mended", [True, False], ids=["then it works", "every time"])
async def test_an_undo_that_fails_is_tried_again(folder: Path, is_mended: bool) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, change = await here.approved()
        stop = f"web: stop 2 × {change.head[:8]} in green"
        tries: list[str] = []

        def stuck() -> None:
            tries.append(stop)
            if not (is_mended and len(tries) > 1):
                raise StartFailed("it does not stop")

        here.provider.at |= {SWITCH: raising(StartFailed("the router hangs")), stop: stuck}
        row = await here.go(deployment.id)

        assert len(tries) == (2 if is_mended else 3)
        assert row.outcome is (Outcome.ROLLED_BACK if is_mended else Outcome.ROLLBACK_FAILED)
        urgent = [one for one in await here.announced() if one.priority is Priority.P0]
        assert [one.title for one in urgent if "ROLLBACK FAILED" in one.title] == (
            [] if is_mended else [one.title for one in urgent]
        )
        labels = [one.labels for one in await here.tracker.ready(Queue.EXECUTION)]
        emergencies = [one for one in labels if any(label.name == "emergency" for label in one)]
        assert len(emergencies) == (0 if is_mended else 1)
        assert "created fix task" in ((await here.tracker.task(task.id)).closed_reason or "")


async def test_an_old_version_that_cannot_be_found_any_more_is_a_failed_rollback(folder: Path) -> None:
    async with world(folder, quick(folder, strategy="recreate")) as here:
        deployment, _, change = await here.approved()
        old = here.live()

        def forget() -> None:
            here.provider.artifacts.pop(("web", old.tree))
            raise StartFailed("exit 1")

        here.provider.at[f"web: start 2 × {change.head[:8]} in green"] = forget
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.ROLLBACK_FAILED
        assert [one for one in await here.announced() if "ROLLBACK FAILED" in one.title]


async def test_a_tracker_that_is_down_does_not_keep_a_release_from_going_back(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.approved()

        def trouble() -> None:
            here.tracker.is_down = True
            raise StartFailed("the router hangs")

        here.provider.at[SWITCH] = trouble
        await here.runner.drive(deployment.id)
        assert here.provider.weights["web"] == {"blue": 100}
        assert "verify_rollback" in here.stages(deployment.id)

        here.tracker.is_down = False
        assert here.store.deployments.deployment(deployment.id).outcome is Outcome.ROLLED_BACK
        await here.told()
        assert (await here.tracker.task(task.id)).is_closed


async def test_the_version_before_is_what_the_merge_gave_and_not_the_head(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        change = await here.propose("faster", {"faster.py": "new"})
        here.forge.write("main", {"other.py": "other"}, "Another")  # the head does not have this
        await _deployed(here, change=change.id)
        ran = here.live()
        here.forge.write("main", {"third.py": "third"}, "Third")
        await _deployed(here, version="main")

        rows = here.store.deployments.latest(environment="production", outcome=Outcome.DEPLOYED, limit=9)
        target = before_live(here.store, "production", rows, here.live())

        assert (await here.forge.version(target.commit)).tree == target.tree == ran.tree


async def _deployed(here: World, **words: object) -> None:
    row = here.accept("production", **words)
    await here.go(row.id)
    await here.approve(row.id)
    assert (await here.go(row.id)).outcome is Outcome.DEPLOYED
