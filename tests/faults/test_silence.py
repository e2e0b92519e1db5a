"""Stories of an outside that is silent at a bad moment: nothing counts as done, and going back is first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from orchestrate.errors import AccessDenied, MigrationFailed, Unreachable
from orchestrate.models.alert import Alert
from orchestrate.models.deployment import ForApproval, Outcome
from orchestrate.models.environment import Environment
from tests.faults.unknown_runs import MIGRATION, with_database
from tests.stories.places import quick
from tests.stories.twins import Clock, outside
from tests.stories.world import World, assembled, world
from tools.migrations import Target
from tools.systems.sqlite_target import SqliteTarget

SWITCH = "web: traffic green 100 %"


def raising(problem: Exception) -> Callable[[], None]:
    def now() -> None:
        raise problem

    return now


async def seconds_pass(here: World, deployment: str, seconds: int) -> None:
    """A worker at hand, second by second."""
    for _ in range(seconds):
        if here.is_due(deployment):
            await here.runner.drive(deployment)
        await here.wait(1)


async def test_an_alert_that_nobody_can_be_told_of_does_not_keep_a_bad_release_live(folder: Path) -> None:
    place = quick(folder, alerts={"db_connections": Alert(metric="pool_in_use")})
    async with world(folder, place) as here:
        deployment, task, change = await here.approved()
        await here.runner.drive(deployment.id)
        assert here.live().name == change.head[:8]

        here.tracker.is_down = True
        here.series.levels["db_connections", "green"] = 93.0
        here.metrics.failing["green"] = 0.3
        await seconds_pass(here, deployment.id, 10)

        assert here.provider.weights["web"] == {"blue": 100}
        here.tracker.is_down = False
        await here.wait(300)
        assert (await here.go(deployment.id)).outcome is Outcome.ROLLED_BACK
        assert (await here.tracker.task(task.id)).is_closed


async def test_a_tracker_that_is_down_while_a_release_is_watched_neither_stops_nor_parks_it(
    folder: Path,
) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()
        await here.runner.drive(deployment.id)

        here.tracker.is_down = True
        await seconds_pass(here, deployment.id, 1500)

        assert "finish" in here.stages(deployment.id)
        here.tracker.is_down = False
        await here.wait(7200)
        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED


async def test_a_version_is_not_locked_out_because_the_place_was_silent(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()
        here.provider.at[SWITCH] = raising(Unreachable("503"))

        row = await here.go(deployment.id, most=1000)

        assert row.outcome is Outcome.ROLLED_BACK
        assert not here.store.quarantine.active("production", "shop")


async def test_a_token_that_is_renewed_half_way_lets_a_person_say_go_on(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.approved()
        here.provider.at[SWITCH] = raising(AccessDenied("401: bad credentials", cure="renew provider.token"))
        waiting = await here.go(deployment.id)
        assert isinstance(waiting.waits_for, ForApproval)
        assert await here.said(task.id, "renew provider.token")

        here.provider.at.clear()
        await here.approve(deployment.id)

        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED


class Lost(SqliteTarget):
    """A database that records a migration whose column never comes."""

    async def verify(self, name: str, sql: str) -> None:
        raise MigrationFailed(f"{name}: title is missing")


def lost(environment: Environment) -> dict[str, Target]:
    return {one.name: Lost(one.database.url) for one in environment.components if one.database}


async def test_a_migration_that_is_recorded_and_does_not_show_is_no_success(folder: Path) -> None:
    environments = {"production": with_database(folder)}
    around = outside(("production",), Clock())
    around.targets = lost
    await around.begin(environments)
    async with assembled(folder, around, environments) as here:
        change = await here.propose("title", MIGRATION)
        accepted = here.accept("production", task=(await here.task(change)).id, change=change.id)
        await here.go(accepted.id)
        await here.approve(accepted.id)

        row = await here.go(accepted.id)

        assert row.outcome is Outcome.ROLLED_BACK
        assert "title is missing" in row.reason
        assert here.provider.done == []
