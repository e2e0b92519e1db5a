"""What every target of migrations does, on the twin, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from orchestrate.errors import MigrationFailed
from tools.migrations import MemoryTarget, Target, fingerprint
from tools.systems.command_target import CommandTarget
from tools.systems.postgres_target import PostgresTarget
from tools.systems.sqlite_target import SqliteTarget

USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); CREATE INDEX users_by_name ON users (name);"
ORDERS = "CREATE TABLE orders (id INTEGER PRIMARY KEY);"


APPLY = """
import os, sqlite3, sys
database = sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///"))
database.executescript("BEGIN;" + open(sys.argv[1]).read() + "COMMIT;")
"""


@pytest.fixture(params=["memory", "sqlite", "command", pytest.param("postgres", marks=pytest.mark.postgres)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Target]:
    match request.param:
        case "memory":
            yield MemoryTarget()
        case "sqlite":
            yield SqliteTarget(f"sqlite:///{tmp_path / 'shop.db'}")
        case "command":
            url = f"sqlite:///{tmp_path / 'shop.db'}"
            yield CommandTarget(SqliteTarget(url), (sys.executable, "-c", APPLY, "{file}"), url)
        case _:
            with request.getfixturevalue("postgres").database() as url:
                yield PostgresTarget(url)


async def test_a_new_database_has_nothing_applied(target: Target) -> None:
    assert await target.applied() == ()


async def test_what_is_applied_is_remembered_in_order(target: Target) -> None:
    await target.apply("2_users.sql", USERS)
    await target.apply("1_orders.sql", ORDERS)

    assert [one.name for one in await target.applied()] == ["2_users.sql", "1_orders.sql"]
    assert (await target.applied())[0].sha256 == fingerprint(USERS)


async def test_applying_twice_applies_once(target: Target) -> None:
    await target.apply("1_users.sql", USERS)

    await target.apply("1_users.sql", USERS)

    assert len(await target.applied()) == 1


async def test_a_changed_text_is_never_applied(target: Target) -> None:
    await target.apply("1_users.sql", USERS)

    with pytest.raises(MigrationFailed, match="other text"):
        await target.apply("1_users.sql", ORDERS)


async def test_what_fails_leaves_nothing_behind(target: Target) -> None:
    await target.apply("1_users.sql", USERS)

    with pytest.raises(MigrationFailed, match="2_bad.sql"):
        await target.apply("2_bad.sql", f"{ORDERS} {USERS}")

    assert [one.name for one in await target.applied()] == ["1_users.sql"]
    await target.apply("2_orders.sql", ORDERS)


async def test_text_that_is_no_sql_fails(target: Target) -> None:
    with pytest.raises(MigrationFailed):
        await target.apply("1_bad.sql", "CREATE TABEL users (id INTEGER)")


async def test_what_was_applied_is_verified(target: Target) -> None:
    await target.apply("1_users.sql", USERS)

    await target.verify("1_users.sql", USERS)


async def test_what_was_not_applied_is_not_verified(target: Target) -> None:
    with pytest.raises(MigrationFailed):
        await target.verify("1_users.sql", USERS)


async def test_a_copy_is_proved_by_restoring_it(target: Target, tmp_path: Path) -> None:
    await target.apply("1_users.sql", USERS)

    receipt = await target.backup(tmp_path / "backups")

    assert receipt.tables >= 1
    assert receipt.location.startswith(str(tmp_path / "backups"))
