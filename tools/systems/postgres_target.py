"""PostgreSQL as the target of migrations."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import sqlglot
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from sqlalchemy.engine import make_url
from sqlglot.errors import SqlglotError

from orchestrate.errors import MigrationFailed, OutcomeUnknown, Unreachable
from tools.migrations import Applied, BackupReceipt, fingerprint, is_applied
from tools.sql import Made, Name, SqlUnreadable, made, statements
from tools.systems.postgres_backup import PostgresBackup

Connection = AsyncConnection[TupleRow]

LOCK_SECONDS = 2  # how long a migration may wait for a table: everybody behind it waits as well
_ADVISORY = 7_302_117_466_001  # one number for every migration of a database
_CONNECT_SECONDS = 5
_CREATE = b"""CREATE TABLE IF NOT EXISTS orchestrate_migrations (
    name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"""
_TRANSACTION_WORDS = frozenset(
    "BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE PREPARE".split()  # noqa: SIM905 - reads better
)


class PostgresTarget:
    """A database that migrations change; `url` is a SQLAlchemy URL."""

    def __init__(self, url: str, *, statement_seconds: int = 300) -> None:
        parts = make_url(url)
        self._url = parts.set(drivername="postgresql").render_as_string(hide_password=False)
        self._name = parts.render_as_string(hide_password=True).partition("://")[2]
        self._seconds = statement_seconds

    async def applied(self) -> tuple[Applied, ...]:
        async with self._connected() as connection:
            await connection.set_read_only(True)
            return await _records(connection)

    async def apply(self, name: str, sql: str) -> None:
        """A file of one CONCURRENTLY statement cannot be in a transaction: it is recorded right after."""
        _refuse_transactions(name, sql)
        try:
            async with self._connected() as connection:
                if _is_concurrent(sql):
                    await self._apply_alone(connection, name, sql)
                else:
                    await self._apply_whole(connection, name, sql)
        except psycopg.OperationalError as problem:
            await self._asked_again(name, sql, problem)
        except psycopg.Error as problem:
            raise MigrationFailed(f"{name} was not applied: {_first_line(problem)}") from problem

    async def record(self, name: str, sql: str) -> None:
        """Remember what another program applied. Raises MigrationFailed, Unreachable."""
        try:
            async with self._connected() as connection, connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ADVISORY,))
                await connection.execute(_CREATE)
                if not is_applied(name, sql, await _records(connection)):
                    await _record(connection, name, sql)
        except psycopg.Error as problem:
            raise MigrationFailed(f"{name} was not recorded: {_first_line(problem)}") from problem

    async def verify(self, name: str, sql: str) -> None:
        async with self._connected() as connection:
            await connection.set_read_only(True)
            if not is_applied(name, sql, await _records(connection)):
                raise MigrationFailed(f"{name} is not recorded in {self._name}")
            missing = await _missing(connection, _made(name, sql))
        if missing:
            raise MigrationFailed(f"{name}: {', '.join(missing)} is missing in {self._name}")

    async def backup(self, into: Path) -> BackupReceipt:
        return await PostgresBackup(self._url).taken(into)

    async def value(self, query: str) -> str:
        try:
            async with self._connected() as connection:
                await connection.set_read_only(True)
                await self._limit(connection, LOCK_SECONDS)
                # prepared: the server takes one statement only, which cannot end the transaction
                row = await (await connection.execute(query.encode(), prepare=True)).fetchone()
        except psycopg.Error as problem:
            raise Unreachable(f"no answer to a query: {_first_line(problem)}") from problem
        return "" if row is None or row[0] is None else str(row[0])

    async def _apply_whole(self, connection: Connection, name: str, sql: str) -> None:
        async with connection.transaction():
            await self._limit(connection, LOCK_SECONDS)
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ADVISORY,))
            await connection.execute(_CREATE)
            if is_applied(name, sql, await _records(connection)):
                return
            await _record(connection, name, sql)
            before = await _first(connection, b"SELECT pg_current_xact_id()::text")
            await connection.execute(sql.encode())
            if await _first(connection, b"SELECT pg_current_xact_id()::text") != before:
                raise MigrationFailed(f"{name} ended the transaction that it was applied in")

    async def _apply_alone(self, connection: Connection, name: str, sql: str) -> None:
        await connection.set_autocommit(True)
        await connection.execute("SELECT pg_advisory_lock(%s)", (_ADVISORY,))
        await connection.execute(_CREATE)
        if is_applied(name, sql, await _records(connection)):
            return
        indexes = _made(name, sql).indexes
        if not indexes or await _missing(connection, Made(indexes=indexes)):
            await connection.execute(sql.encode())
        if await _missing(connection, Made(indexes=indexes)):
            raise MigrationFailed(f"{name} left an index that is not valid", cure="drop it, and try again")
        await _record(connection, name, sql)

    async def _asked_again(self, name: str, sql: str, problem: psycopg.OperationalError) -> None:
        """After a lost connection the database is asked, once nobody holds the migration lock any more."""
        try:
            async with self._connected() as connection:
                await self._limit(connection, LOCK_SECONDS)
                await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ADVISORY,))
                done = is_applied(name, sql, await _records(connection))
        except (psycopg.Error, Unreachable) as silent:
            raise OutcomeUnknown(f"nobody can say whether {name} was applied: {silent}") from problem
        if not done:
            raise MigrationFailed(f"{name} was not applied: {_first_line(problem)}") from problem

    async def _limit(self, connection: Connection, lock_seconds: int) -> None:
        limits = {
            "lock_timeout": lock_seconds * 1000,
            "statement_timeout": self._seconds * 1000,
            "idle_in_transaction_session_timeout": self._seconds * 1000,
        }
        for setting, milliseconds in limits.items():
            await connection.execute("SELECT set_config(%s, %s, true)", (setting, str(milliseconds)))

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Connection]:
        try:
            connection = await AsyncConnection.connect(self._url, connect_timeout=_CONNECT_SECONDS)
        except psycopg.Error as problem:
            raise Unreachable(
                f"{self._name} cannot be reached: {_first_line(problem)}",
                cure="check the database's url in orchestrate.yaml, and that the server runs",
            ) from problem
        async with connection:
            yield connection


def _refuse_transactions(name: str, sql: str) -> None:
    try:
        tokens = sqlglot.tokenize(sql, read="postgres")
    except SqlglotError as problem:
        raise MigrationFailed(f"{name} cannot be divided into statements: {problem}") from problem
    starts = [token for before, token in zip([None, *tokens], tokens, strict=False) if _is_end(before)]
    for token in starts:
        if token.text.upper() in _TRANSACTION_WORDS:
            raise MigrationFailed(f"{name} says {token.text}; the transaction is not its own to end")


def _is_end(token: sqlglot.Token | None) -> bool:
    return token is None or token.token_type is sqlglot.TokenType.SEMICOLON


def _is_concurrent(sql: str) -> bool:
    try:
        trees = statements(sql, "postgres")
    except SqlUnreadable:
        return False
    return len(trees) == 1 and bool(trees[0].args.get("concurrently"))


async def _record(connection: Connection, name: str, sql: str) -> None:
    row = (name, fingerprint(sql))
    await connection.execute("INSERT INTO orchestrate_migrations (name, sha256) VALUES (%s, %s)", row)


async def _records(connection: Connection) -> tuple[Applied, ...]:
    if not await _first(connection, b"SELECT to_regclass('orchestrate_migrations')"):
        return ()
    query = b"SELECT name, sha256 FROM orchestrate_migrations ORDER BY applied_at, name"
    rows = await (await connection.execute(query)).fetchall()
    return tuple(Applied(name=name, sha256=sha256) for name, sha256 in rows)


async def _missing(connection: Connection, left: Made) -> list[str]:
    lost: list[str] = []
    for table, columns in [*left.tables.items(), *left.columns.items()]:
        there = await _columns(connection, table)
        if there is None:
            lost.append(f"table {table[1]}")
        lost += [f"column {table[1]}.{one}" for one in columns if there is not None and one not in there]
    lost += [f"index {index[1]}" for index in left.indexes if not await _has_index(connection, index)]
    return lost


async def _columns(connection: Connection, table: Name) -> set[str] | None:
    query = """SELECT attname FROM pg_attribute
        WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"""
    if await _first(connection, b"SELECT to_regclass(%s)", _quoted(table)) is None:
        return None
    rows = await (await connection.execute(query, (_quoted(table),))).fetchall()
    return {str(row[0]) for row in rows}


async def _has_index(connection: Connection, index: Name) -> bool:
    query = b"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
    return await _first(connection, query, _quoted(index)) is True


async def _first(connection: Connection, query: bytes, *values: str) -> object:
    row = await (await connection.execute(query, values or None)).fetchone()
    return row[0] if row else None


def _quoted(name: Name) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in name if part)


def _made(name: str, sql: str) -> Made:
    try:
        return made(sql, "postgres")
    except SqlUnreadable as problem:
        raise MigrationFailed(f"what {name} makes cannot be told: {problem}") from problem


def _first_line(problem: psycopg.Error) -> str:
    return str(problem).partition("\n")[0]
