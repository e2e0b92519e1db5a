from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from orchestrate.errors import BackupFailed, MigrationFailed, Unreachable
from tools.systems.sqlite_target import SqliteTarget, compared, statements

USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shop.db"


@pytest.fixture
def target(file: Path) -> SqliteTarget:
    return SqliteTarget(f"sqlite:///{file}")


def ask(file: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        return connection.execute(query).fetchall()


async def test_asking_makes_no_file(target: SqliteTarget, file: Path) -> None:
    assert await target.applied() == ()

    assert not file.exists()


async def test_a_folder_that_is_missing_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="does not exist"):
        await SqliteTarget(f"sqlite:///{tmp_path}/none/shop.db").applied()


async def test_a_file_that_is_no_database_is_unreachable(target: SqliteTarget, file: Path) -> None:
    file.write_text("hello" * 500)

    with pytest.raises(Unreachable, match="not a database"):
        await target.applied()


@pytest.mark.parametrize(
    "sql",
    ["COMMIT; DROP TABLE users;", "ROLLBACK", "ATTACH 'x' AS x", "PRAGMA writable_schema = 1", "SAVEPOINT x"],
)
async def test_a_migration_cannot_leave_its_transaction(target: SqliteTarget, file: Path, sql: str) -> None:
    await target.apply("1.sql", USERS)

    with pytest.raises(MigrationFailed, match="not authorized"):
        await target.apply("2.sql", sql)

    assert ask(file, "SELECT name FROM orchestrate_migrations") == [("1.sql",)]


async def test_a_triggers_body_is_one_statement(target: SqliteTarget, file: Path) -> None:
    await target.apply(
        "1.sql", f"{USERS} CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; SELECT 2; END; -- done"
    )

    assert ask(file, "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'") == [(1,)]


def test_a_script_is_divided_as_sqlite_does() -> None:
    assert list(statements("SELECT ';'; SELECT 2 -- ;\n ; ;SELECT 3")) == [
        "SELECT ';';",
        " SELECT 2 -- ;\n ;",
        " ;",
        "SELECT 3;",
    ]


async def test_a_migration_waits_shortly_for_other_writers(target: SqliteTarget, file: Path) -> None:
    await target.apply("1.sql", USERS)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(MigrationFailed, match="locked"):
            await target.apply("2.sql", "CREATE TABLE t (a)")


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


async def test_a_migration_that_takes_too_long_is_taken_back(file: Path) -> None:
    target = SqliteTarget(f"sqlite:///{file}", statement_seconds=0.2)

    with pytest.raises(MigrationFailed, match="interrupted"):
        await target.apply("1.sql", f"{USERS} {ENDLESS};")

    assert ask(file, "SELECT name FROM sqlite_master") == []


async def test_a_migration_whose_caller_went_away_is_stopped(target: SqliteTarget, file: Path) -> None:
    task = asyncio.create_task(target.apply("1.sql", f"{USERS} {ENDLESS};"))
    await asyncio.sleep(0.1)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await target.apply("2.sql", "CREATE TABLE t (a)")
    assert [one.name for one in await target.applied()] == ["2.sql"]


@pytest.mark.parametrize(
    ("sql", "broken", "missing"),
    [
        (USERS, "DROP TABLE users", "table users"),
        (
            f"{USERS} ALTER TABLE users ADD COLUMN age INT",
            "ALTER TABLE users DROP COLUMN age",
            "column users.age",
        ),
        (f"{USERS} CREATE INDEX i ON users (name)", "DROP INDEX i", "index i"),
        (USERS, "DELETE FROM orchestrate_migrations", "not recorded"),
    ],
)
async def test_what_is_gone_again_is_noticed(
    target: SqliteTarget, file: Path, sql: str, broken: str, missing: str
) -> None:
    await target.apply("1.sql", sql)
    await target.verify("1.sql", sql)
    ask(file, broken)

    with pytest.raises(MigrationFailed, match=missing):
        await target.verify("1.sql", sql)


async def test_a_table_that_is_rebuilt_and_renamed_is_verified(target: SqliteTarget) -> None:
    await target.apply("1.sql", USERS)
    rebuilt = (
        "CREATE TABLE new (id INTEGER PRIMARY KEY, mail TEXT) WITHOUT ROWID;"
        "INSERT INTO new SELECT * FROM users;"
        "DROP TABLE users; ALTER TABLE new RENAME TO users; ALTER TABLE users RENAME COLUMN mail TO email;"
    )
    await target.apply("2.sql", rebuilt)

    await target.verify("2.sql", rebuilt)

    assert await target.value("SELECT count(*) FROM pragma_table_info('users') WHERE name = 'email'") == "1"


async def test_a_value_is_read_and_nothing_is_written(target: SqliteTarget, file: Path) -> None:
    await target.apply("1.sql", USERS)
    ask(file, "INSERT INTO users VALUES (1, 'ada')")

    assert await target.value("SELECT name FROM users") == "ada"
    assert await target.value("SELECT name FROM users WHERE id = 2") == ""
    for query in ("DELETE FROM users RETURNING name", "SELECT 1; SELECT 2", "ATTACH 'x' AS x", "nonsense"):
        with pytest.raises(Unreachable):
            await target.value(query)
    assert ask(file, "SELECT count(*) FROM users") == [(1,)]


async def test_a_copy_holds_what_was_there_at_one_moment(
    target: SqliteTarget, file: Path, tmp_path: Path
) -> None:
    await target.apply("1.sql", USERS)
    ask(file, "PRAGMA journal_mode = wal")
    ask(file, "INSERT INTO users (name) VALUES ('ada'), ('grace')")

    receipt = await target.backup(tmp_path / "backups")

    copy = Path(receipt.location)
    assert (receipt.tables, receipt.rows) == (2, 3)
    assert ask(copy, "SELECT name FROM users ORDER BY id") == [("ada",), ("grace",)]
    assert copy.stat().st_mode & 0o777 == 0o600


async def test_a_copy_that_does_not_bring_back_the_same_is_none(target: SqliteTarget, file: Path) -> None:
    await target.apply("1.sql", USERS)
    schema = [
        " ".join(map(str, row))
        for row in ask(file, "SELECT type, name, coalesce(sql, '') FROM sqlite_master ORDER BY 1, 2")
    ]

    with closing(sqlite3.connect(file)) as restored:
        compared(restored, {"orchestrate_migrations": 1, "users": 0}, schema)
        with pytest.raises(BackupFailed, match="another number of rows"):
            compared(restored, {"orchestrate_migrations": 1, "users": 2}, schema)
        with pytest.raises(BackupFailed, match="another schema"):
            compared(restored, {"orchestrate_migrations": 1, "users": 0}, schema[1:])


async def test_a_copy_is_right_while_others_write(target: SqliteTarget, file: Path, tmp_path: Path) -> None:
    await target.apply("1.sql", USERS)
    ask(file, "PRAGMA journal_mode = wal")
    stop = time.monotonic() + 0.5

    def write() -> None:
        while time.monotonic() < stop:
            ask(file, "INSERT INTO users (name) VALUES ('more')")

    writing = asyncio.create_task(asyncio.to_thread(write))
    copies = [await target.backup(tmp_path / "backups") for _ in range(5)]
    await writing

    assert [copy.rows for copy in copies] == sorted(copy.rows for copy in copies)


async def test_a_damaged_database_gives_no_backup(target: SqliteTarget, file: Path, tmp_path: Path) -> None:
    await target.apply("1.sql", f"{USERS} CREATE INDEX i ON users (name);")
    ask(
        file, "INSERT INTO users (name) SELECT 'x' FROM (" + ENDLESS.replace("count(*)", "i") + " LIMIT 3000)"
    )
    with file.open("r+b") as raw:
        raw.seek(4096 * 6)
        raw.write(b"\xff" * 4096)

    with pytest.raises(BackupFailed):
        await target.backup(tmp_path / "backups")

    assert list((tmp_path / "backups").iterdir()) == []
