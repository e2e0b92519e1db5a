"""Stories of services with more than one part, and with a database."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from orchestrate.errors import StartFailed
from orchestrate.models.deployment import ForApproval, Outcome
from orchestrate.models.environment import Component, Database, Environment
from orchestrate.models.move import Backup, SetTraffic, Start, Stop
from orchestrate.models.task import Priority, Queue
from tests.stories.places import WEB, quick
from tests.stories.twins import outside
from tests.stories.world import Clock, World, assembled, world
from tools.systems.sqlite_target import SqliteTarget

API = Component(name="api", port=8081, run=("serve",), instances=2)


async def changed(here: World, files: dict[str, str | None]) -> tuple[str, str, str]:
    """An approved change of these files: deployment, task, and version name."""
    change = await here.propose("parts", files)
    task = await here.task(change)
    deployment = here.accept("production", task=task.id, change=change.id)
    await here.go(deployment.id)
    await here.approve(deployment.id)
    return deployment.id, task.id, change.head[:8]


async def test_the_second_component_fails_and_both_go_back_in_reverse_order(folder: Path) -> None:
    async with world(folder, quick(folder, components=(API, WEB))) as here:
        deployment, _, name = await changed(here, {"app.py": "two"})

        def fail() -> None:
            raise StartFailed("web: exit 1")

        here.provider.at[f"web: start 2 × {name} in green"] = fail
        row = await here.go(deployment)

        assert row.outcome is Outcome.ROLLED_BACK
        moves = here.provider.done
        assert [(move.component, type(move)) for move in moves] == [
            ("api", Start),
            ("api", SetTraffic),
            ("api", SetTraffic),
            ("api", Stop),
        ]
        assert here.provider.weights == {"api": {"blue": 100}, "web": {"blue": 100}}


async def test_both_components_are_shipped_in_their_order_and_watched(folder: Path) -> None:
    async with world(folder, quick(folder, components=(API, WEB))) as here:
        deployment, _, name = await changed(here, {"app.py": "two"})

        row = await here.go(deployment)

        assert row.outcome is Outcome.DEPLOYED
        starts = [move.component for move in here.provider.done if isinstance(move, Start)]
        assert starts == ["api", "web"]
        assert here.live(component="api").name == here.live(component="web").name == name


def with_database(folder: Path) -> Environment:
    """Production with a SQLite file that migrations change."""
    file = folder / "shop.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE products (id INTEGER PRIMARY KEY)")
        connection.execute("INSERT INTO products VALUES (1)")
    database = Database(url=f"sqlite:///{file}", dialect="sqlite", migrations="migrations")
    return quick(folder, components=(WEB.model_copy(update={"database": database}),))


def columns(folder: Path) -> list[str]:
    """What the table of the stories has."""
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        return [row[1] for row in connection.execute("PRAGMA table_info(products)")]


MIGRATION: dict[str, str | None] = {
    "migrations/0001_title.sql": "ALTER TABLE products ADD COLUMN title TEXT;\n"
}


async def test_migrations_are_kept_on_rollback_and_that_is_said(folder: Path) -> None:
    async with world(folder, with_database(folder)) as here:
        deployment, task, name = await changed(here, MIGRATION)
        (request,) = await here.said(task, "Answer on this thread")

        def fail() -> None:
            raise StartFailed("exit 1")

        here.provider.at[f"web: start 2 × {name} in green"] = fail
        row = await here.go(deployment)

        assert row.outcome is Outcome.ROLLED_BACK
        assert columns(folder) == ["id", "title"]
        assert "migrations are kept on rollback" in request
        kept = [one.text for one in here.store.events.of(deployment) if one.kind == "kept"]
        assert any("0001_title.sql" in text and "kept on rollback" in text for text in kept)


async def test_the_backup_comes_first_and_the_migration_before_the_new_version(folder: Path) -> None:
    async with world(folder, with_database(folder)) as here:
        deployment, _, _ = await changed(here, MIGRATION)

        row = await here.go(deployment)

        assert row.outcome is Outcome.DEPLOYED
        plan = here.store.plans.plan(row.plan_hash or "")
        assert isinstance(plan.moves[0].move, Backup)
        assert columns(folder) == ["id", "title"]


async def test_without_a_database_the_configuration_is_copied_before_anything_changes(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        before = here.live().name
        deployment, _, name = await changed(here, {"app.py": "two"})

        row = await here.go(deployment)

        assert row.outcome is Outcome.DEPLOYED
        assert isinstance(here.store.plans.plan(row.plan_hash or "").moves[0].move, Backup)
        file = folder / "production" / "backups" / "web" / deployment / "configuration.json"
        told = json.loads(file.read_text())
        assert [one["version"] for one in told["artifacts"]] == [before] != [name]
        assert told["running"][0]["weights"] == {"blue": 100}


async def test_a_configuration_that_cannot_be_copied_stops_before_anything_changed(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await changed(here, {"app.py": "two"})
        blocker = folder / "production" / "backups"
        blocker.parent.mkdir(parents=True, exist_ok=True)
        blocker.write_text("a file where a folder should be")

        row = await here.go(deployment)

        assert row.outcome is Outcome.FAILED_BEFORE_CHANGE
        assert "the copy of the configuration failed" in row.reason
        assert here.provider.done == []


class Losing(SqliteTarget):
    """A database in which somebody drops an index as soon as it is there."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"sqlite:///{path}")
        self.path = path

    async def apply(self, name: str, sql: str) -> None:
        await super().apply(name, sql)
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("DROP INDEX titles")


async def test_what_a_migration_should_have_made_is_looked_for_before_anything_starts(folder: Path) -> None:
    parts = (*with_database(folder).components, API)
    here_and_there = {"production": quick(folder, components=parts)}
    around = outside(("production",), Clock())
    around.targets = lambda _: {"web": Losing(folder / "shop.db")}
    await around.begin(here_and_there)
    async with assembled(folder, around, here_and_there) as here:
        index = "CREATE INDEX titles ON products (title);\n"
        deployment, _, _ = await changed(here, {path: f"{sql}{index}" for path, sql in MIGRATION.items()})

        row = await here.go(deployment)

        assert row.outcome is Outcome.ROLLED_BACK
        assert "0001_title.sql: index titles is missing" in row.reason
        assert not [one for one in here.provider.done if isinstance(one, Start)]


async def test_a_backup_that_fails_stops_before_anything_changed(folder: Path) -> None:
    async with world(folder, with_database(folder)) as here:
        deployment, _, _ = await changed(here, MIGRATION)
        blocker = folder / "production" / "backups"
        blocker.parent.mkdir(parents=True, exist_ok=True)
        blocker.write_text("a file where a folder should be")

        row = await here.go(deployment)

        assert row.outcome is Outcome.FAILED_BEFORE_CHANGE
        assert columns(folder) == ["id"]
        assert here.provider.done == []
        assert not here.store.quarantine.active("production", "shop")


async def test_a_dangerous_migration_is_blocked_with_its_reason(folder: Path) -> None:
    async with world(folder, with_database(folder)) as here:
        change = await here.propose("parts", {"migrations/0001_drop.sql": "DROP TABLE products;\n"})
        task = await here.task(change)

        row = await here.go(here.accept("production", task=task.id, change=change.id).id)

        assert row.outcome is Outcome.BLOCKED
        assert "0001_drop.sql" in row.reason
        assert columns(folder) == ["id"]


ONE_WAY: dict[str, str | None] = {
    path: f"-- one-way: the version before reads no titles\n{sql}" for path, sql in MIGRATION.items()
}


async def test_after_a_migration_that_cannot_be_undone_people_are_called(folder: Path) -> None:
    async with world(folder, with_database(folder)) as here:
        deployment, _, _ = await changed(here, ONE_WAY)
        here.provider.at["web: traffic green 100 %"] = lambda: here.metrics.failing.update(green=0.5)

        row = await here.go(deployment)

        assert isinstance(row.waits_for, ForApproval)
        assert here.provider.weights["web"] == {"green": 100}
        (said,) = [one for one in await here.announced() if "a person must decide" in one.title]
        assert "0001_title.sql cannot be undone" in said.description
        assert [one.priority for one in await here.tracker.ready(Queue.EXECUTION)] == [Priority.P0]
