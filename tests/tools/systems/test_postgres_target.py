from __future__ import annotations

import asyncio
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from orchestrate.errors import BackupFailed, MigrationFailed, Unreachable
from tests.servers.postgres import Postgres
from tools.systems.postgres_target import PostgresTarget

pytestmark = pytest.mark.postgres

USERS = "CREATE TABLE users (id bigserial PRIMARY KEY, name text);"


@pytest.fixture
def url(postgres: Postgres) -> Generator[str]:
    with postgres.database() as url:
        yield url


@pytest.fixture
def target(url: str) -> PostgresTarget:
    return PostgresTarget(url)


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


async def test_a_server_that_is_away_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="127.0.0.1:1/shop") as away:
        await PostgresTarget("postgresql+psycopg://shop:secret@127.0.0.1:1/shop").applied()

    assert "secret" not in str(away.value)


@pytest.mark.parametrize(
    "sql", ["COMMIT; DROP TABLE users", "ROLLBACK", "SELECT 1; END", "SAVEPOINT x", "begin"]
)
async def test_a_migration_cannot_leave_its_transaction(target: PostgresTarget, url: str, sql: str) -> None:
    await target.apply("1.sql", USERS)

    with pytest.raises(MigrationFailed, match="not its own to end"):
        await target.apply("2.sql", sql)

    assert ask(url, "SELECT name FROM orchestrate_migrations") == [("1.sql",)]


async def test_a_statement_that_fails_takes_the_whole_file_back(target: PostgresTarget, url: str) -> None:
    with pytest.raises(MigrationFailed, match="missing"):
        await target.apply("1.sql", f"{USERS} INSERT INTO missing VALUES (1)")

    assert await target.applied() == ()
    assert ask(url, "SELECT to_regclass('users')") == [(None,)]


async def test_a_migration_waits_two_seconds_for_a_table(target: PostgresTarget, url: str) -> None:
    await target.apply("1.sql", USERS)
    with psycopg.connect(url.replace("+psycopg", "")) as reader:
        reader.execute("SELECT * FROM users")

        with pytest.raises(MigrationFailed, match="lock timeout"):
            await target.apply("2.sql", "ALTER TABLE users ADD COLUMN age int")


async def test_a_migration_that_takes_too_long_is_taken_back(url: str) -> None:
    with pytest.raises(MigrationFailed, match="statement timeout"):
        await PostgresTarget(url, statement_seconds=1).apply("1.sql", f"{USERS} SELECT pg_sleep(20)")


async def test_two_who_migrate_at_once_apply_once(url: str) -> None:
    await asyncio.gather(*(PostgresTarget(url).apply("1.sql", USERS) for _ in range(4)))

    assert ask(url, "SELECT count(*) FROM orchestrate_migrations") == [(1,)]


async def test_an_index_is_built_beside_the_traffic(target: PostgresTarget, url: str) -> None:
    await target.apply("1.sql", USERS)
    index = "CREATE INDEX CONCURRENTLY users_by_name ON users (name)"

    await target.apply("2.sql", index)

    await target.verify("2.sql", index)
    assert [one.name for one in await target.applied()] == ["1.sql", "2.sql"]


async def test_an_index_that_was_built_before_a_crash_is_recorded(target: PostgresTarget, url: str) -> None:
    await target.apply("1.sql", USERS)
    index = "CREATE INDEX CONCURRENTLY users_by_name ON users (name)"
    ask(url, index)

    await target.apply("2.sql", index)

    assert len(await target.applied()) == 2


async def test_a_connection_that_breaks_is_asked_about(target: PostgresTarget, url: str) -> None:
    kill = "SELECT pg_terminate_backend(pg_backend_pid())"

    with pytest.raises(MigrationFailed, match="not applied"):
        await target.apply("1.sql", f"{USERS} {kill}")

    assert await target.applied() == ()


@pytest.mark.parametrize(
    ("sql", "broken", "missing"),
    [
        (USERS, "DROP TABLE users", "table users"),
        (f"{USERS} ALTER TABLE users ADD COLUMN age int", "ALTER TABLE users DROP age", "column users.age"),
        (f"{USERS} CREATE INDEX i ON users (name)", "DROP INDEX i", "index i"),
        ('CREATE SCHEMA s; CREATE TABLE s."U" ("A" int)', 'ALTER TABLE s."U" RENAME "A" TO a', "column U.A"),
        (USERS, "DELETE FROM orchestrate_migrations", "not recorded"),
    ],
)
async def test_what_is_gone_again_is_noticed(
    target: PostgresTarget, url: str, sql: str, broken: str, missing: str
) -> None:
    await target.apply("1.sql", sql)
    await target.verify("1.sql", sql)
    ask(url, broken)

    with pytest.raises(MigrationFailed, match=missing):
        await target.verify("1.sql", sql)


async def test_a_value_is_read_and_nothing_is_written(target: PostgresTarget, url: str) -> None:
    await target.apply("1.sql", f"{USERS} INSERT INTO users (name) VALUES ('ada')")

    assert await target.value("SELECT name FROM users WHERE name LIKE 'a%'") == "ada"
    assert await target.value("SELECT name FROM users WHERE id = 99") == ""
    for query in ("DELETE FROM users RETURNING 1", "COMMIT; DELETE FROM users", "SELECT nothing", "COMMIT"):
        with pytest.raises(Unreachable):
            await target.value(query)
    assert ask(url, "SELECT count(*) FROM users") == [(1,)]


async def test_a_dump_is_restored_and_compared(target: PostgresTarget, url: str, tmp_path: Path) -> None:
    await target.apply(
        "1.sql", f"{USERS} CREATE INDEX i ON users (name); INSERT INTO users (name) VALUES ('ada')"
    )

    receipt = await target.backup(tmp_path / "backups")

    assert (receipt.tables, receipt.rows) == (2, 2)
    assert Path(receipt.location).stat().st_mode & 0o777 == 0o600
    assert ask(url, "SELECT count(*) FROM pg_database WHERE datname LIKE 'orchestrate%'") == [(0,)]


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ("CREATE TABLE lost (id int); ALTER EXTENSION plpgsql ADD TABLE lost", "another schema"),
        (
            "CREATE MATERIALIZED VIEW here AS SELECT 1 WHERE current_database() NOT LIKE 'orchestrate%'",
            "another number of rows",
        ),
    ],
)
async def test_a_copy_that_does_not_bring_back_the_same_is_none(
    target: PostgresTarget, url: str, tmp_path: Path, made: str, why: str
) -> None:
    ask(url, made)

    with pytest.raises(BackupFailed, match=why):
        await target.backup(tmp_path)

    assert list(tmp_path.iterdir()) == []
    assert ask(url, "SELECT count(*) FROM pg_database WHERE datname LIKE 'orchestrate%'") == [(0,)]


async def test_a_search_path_of_the_database_makes_no_other_schema(
    target: PostgresTarget, url: str, tmp_path: Path
) -> None:
    ask(url, "CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('good'); CREATE TABLE app.said (m app.mood)")
    name = url.rpartition("/")[2].partition("?")[0]
    ask(url, f'ALTER DATABASE "{name}" SET search_path = app')

    assert (await target.backup(tmp_path)).tables == 1


async def test_a_user_who_may_not_restore_gets_a_cure(url: str, tmp_path: Path) -> None:
    ask(url, "CREATE ROLE shop LOGIN; CREATE SCHEMA s AUTHORIZATION shop")
    try:
        with pytest.raises(BackupFailed) as failed:
            await PostgresTarget(url.replace("postgres@", "shop@")).backup(tmp_path)
    finally:
        ask(url, "DROP OWNED BY shop; DROP ROLE shop")

    assert "CREATEDB" in failed.value.cure
    assert list(tmp_path.glob("*.dump")) == []
