"""Stories of every branch of the graph, with twins for the outside and a real store."""

from __future__ import annotations

from pathlib import Path

from orchestrate.models.deployment import DecisionKind, Outcome, Status
from orchestrate.models.environment import Gates
from orchestrate.models.task import Queue
from tests.stories.world import production, world


async def test_a_good_change_is_approved_merged_shipped_watched_and_closed(folder: Path) -> None:
    async with world(folder) as here:
        change = await here.propose("faster", {"app.py": "two"})
        task = await here.task(change)
        deployment = here.accept("production", task=task.id, change=change.id)

        waiting = await here.go(deployment.id)
        assert waiting.status is Status.WAITING
        await here.approve(deployment.id)
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        assert (await here.tracker.task(task.id)).closed_reason is not None
        live = (await here.provider.running(here.environments["production"].components[0])).live
        assert live is not None and live.version is not None
        assert live.version.tree == (await here.forge.version("main")).tree


async def test_a_bad_canary_goes_back_by_traffic_and_files_a_fix_task(folder: Path) -> None:
    async with world(folder) as here:
        change = await here.propose("slower", {"app.py": "bad"})
        task = await here.task(change)
        deployment = here.accept("production", task=task.id, change=change.id)
        await here.go(deployment.id)
        here.metrics.failing["green"] = 0.2
        await here.approve(deployment.id)

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.ROLLED_BACK
        running = await here.provider.running(here.environments["production"].components[0])
        assert running.weights == {"blue": 100}
        closed = await here.tracker.task(task.id)
        assert closed.closed_reason is not None and "created fix task" in closed.closed_reason
        assert len(await here.tracker.ready(Queue.EXECUTION)) == 1
        assert here.store.quarantine.active("production", "shop")


async def test_a_conflict_goes_to_its_queue_and_nothing_is_deployed(folder: Path) -> None:
    async with world(folder) as here:
        change = await here.propose("mine", {"app.py": "mine"})
        here.forge.write("main", {"app.py": "theirs"}, "Another")
        task = await here.task(change)

        row = await here.go(here.accept("production", task=task.id, change=change.id).id)

        assert row.outcome is Outcome.CONFLICT
        assert (await here.tracker.task(task.id)).queue is Queue.CONFLICT_RESOLUTION


async def test_a_change_without_reviews_is_blocked_and_says_what_would_clear_it(folder: Path) -> None:
    environment = production(folder, gates=Gates(checks=("tests",), reviews=2))
    async with world(folder, environment) as here:
        change = await here.propose("lonely", {"app.py": "two"})
        task = await here.task(change)

        row = await here.go(here.accept("production", task=task.id, change=change.id).id)

        assert row.outcome is Outcome.BLOCKED
        assert "approvals" in row.reason
        assert (await here.tracker.task(task.id)).status == "Blocked"


async def test_hold_parks_it_and_nothing_is_merged(folder: Path) -> None:
    async with world(folder) as here:
        change = await here.propose("wait", {"app.py": "two"})
        task = await here.task(change)
        deployment = here.accept("production", task=task.id, change=change.id)
        await here.go(deployment.id)
        await here.approve(deployment.id, DecisionKind.HOLD)

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.HELD
        assert (await here.forge.change(change.id)).merge_commit is None


async def test_an_approval_that_nobody_gives_expires(folder: Path) -> None:
    async with world(folder) as here:
        change = await here.propose("late", {"app.py": "two"})
        deployment = here.accept("production", change=change.id)
        await here.go(deployment.id)
        here.clock.now += 90_000

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.EXPIRED


async def test_a_version_that_does_not_start_is_taken_back(folder: Path) -> None:
    async with world(folder) as here:
        change = await here.propose("crash", {"app.py": "crash"})
        deployment = here.accept("production", change=change.id)
        await here.go(deployment.id)
        here.provider.start_failures[change.head[:8]] = "crash loop: exit 1"
        await here.approve(deployment.id)

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.ROLLED_BACK
        assert "crash loop" in row.reason


async def test_a_build_that_fails_changes_nothing(folder: Path) -> None:
    async with world(folder) as here:
        change = await here.propose("broken", {"app.py": "broken"})
        deployment = here.accept("production", change=change.id)
        await here.go(deployment.id)
        here.provider.build_failures[change.head[:8]] = "SyntaxError: invalid syntax"
        await here.approve(deployment.id)

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.FAILED_BEFORE_CHANGE
        assert not here.store.quarantine.active("production", "shop")
