"""Stories of a rollback by hand while what a deployment would wait for is away."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from orchestrate.counter.going_back import back_to
from orchestrate.errors import AccessDenied, OrchestrateError, Unreachable
from orchestrate.identity import Identity
from orchestrate.models.change import Version
from orchestrate.models.deployment import Deployment, ForApproval, Kind, Outcome
from orchestrate.models.environment import Channel
from orchestrate.models.gate import GateName
from orchestrate.models.move import Backup
from orchestrate.models.sample import SampleState
from tests.orchestrate.counter.conftest import app_of
from tests.stories.places import ADA
from tests.stories.test_components import MIGRATION, changed, with_database
from tests.stories.test_taking_back import SETTINGS
from tests.stories.twins import outside
from tests.stories.world import Clock, World, assembled
from tools.migrations import Applied
from tools.systems.sqlite_target import SqliteTarget


class Away(SqliteTarget):
    """A database that does not say anything once `problem` is there."""

    problem: OrchestrateError | None = None

    async def applied(self) -> tuple[Applied, ...]:
        if self.problem is not None:
            raise self.problem
        return await super().applied()


@asynccontextmanager
async def two_deployed(folder: Path) -> AsyncGenerator[tuple[World, Away, Version]]:
    """Two versions were deployed, the first with a migration; its database, and that first version."""
    places = {"production": with_database(folder)}
    target = Away(f"sqlite:///{folder / 'shop.db'}")
    around = outside(tuple(places), Clock())
    around.targets = lambda _: {"web": target}
    await around.begin(places)
    async with assembled(folder, around, places) as here:
        first, _, _ = await changed(here, MIGRATION)
        assert (await here.go(first)).outcome is Outcome.DEPLOYED
        good = here.live()
        second, _, _ = await changed(here, {"app.py": "three"})
        assert (await here.go(second)).outcome is Outcome.DEPLOYED
        yield here, target, good


async def back(here: World, version: Version) -> Deployment:
    """Ada, who may approve, takes production back to `version`."""
    asked = here.accept("production", kind=Kind.ROLLBACK, version=version.commit, requested_by="ada")
    return await here.go(asked.id)


@pytest.mark.parametrize(
    "problem", [AccessDenied("the password ran out", cure="renew it"), Unreachable("no")]
)
async def test_it_waits_for_no_database(folder: Path, problem: OrchestrateError) -> None:
    async with two_deployed(folder) as (here, target, good):
        target.problem, asked_at = problem, here.clock.now

        row = await back(here, good)

        assert (row.outcome, here.live().tree) == (Outcome.DEPLOYED, good.tree), row.reason
        story = here.store.events.of(row.id)
        begun = next(one.at for one in story if one.kind == "move")
        assert begun == asked_at, "it waited for what it does not need"
        (said,) = [one.text for one in story if one.data.get("gate") == GateName.MIGRATIONS]
        assert "applied when it ran here" in said and str(problem) in said


async def test_it_waits_for_no_forge(folder: Path) -> None:
    async with two_deployed(folder) as (here, _, good):
        here.forge.is_down, asked_at = True, here.clock.now

        row = await back(here, good)

        assert (row.outcome, here.live().tree) == (Outcome.DEPLOYED, good.tree), row.reason
        assert next(one.at for one in here.store.events.of(row.id) if one.kind == "move") == asked_at


async def test_it_copies_nothing_where_it_changes_no_data(folder: Path) -> None:
    async with two_deployed(folder) as (here, _, good):
        row = await back(here, good)

        assert row.outcome is Outcome.DEPLOYED, row.reason
        plan = here.store.plans.plan(row.plan_hash or "")
        assert plan.kind is Kind.ROLLBACK
        assert not [step for step in plan.moves if isinstance(step.move, Backup)]


async def test_without_numbers_the_traffic_is_back_and_a_person_is_asked(folder: Path) -> None:
    async with two_deployed(folder) as (here, target, good):
        target.problem, here.metrics.state = Unreachable("no"), SampleState.SOURCE_DOWN

        row = await back(here, good)

        assert isinstance(row.waits_for, ForApproval), row
        assert here.provider.weights["web"] == {here.provider.live().name: 100}
        assert here.live().tree == good.tree


async def test_to_what_never_ran_here_it_needs_its_database(folder: Path) -> None:
    async with two_deployed(folder) as (here, target, _):
        here.forge.write("elsewhere", {"app.py": "four"}, "Work elsewhere", since="main")
        target.problem = Unreachable("no")

        row = await back(here, await here.forge.version("elsewhere"))

        assert row.outcome is Outcome.BLOCKED
        assert "migrations: no" in row.reason


async def test_a_version_that_ran_here_is_found_by_its_name_while_the_forge_is_away(folder: Path) -> None:
    async with two_deployed(folder) as (here, _, good):
        app = app_of(here, folder, SETTINGS)
        ada = Identity("ada", ADA, Channel.CLI)
        here.forge.is_down = True

        merged = (await back_to(app, ada, "production", good.name)).version or ""

        ran = await here.crew.source.known(merged)
        assert ran is not None and ran.tree == good.tree
        for name in (merged, merged[:7]):
            assert (await back_to(app, ada, "production", name)).version == merged
        for name in (merged[:6], "v9"):
            with pytest.raises(Unreachable):
                await back_to(app, ada, "production", name)
