"""Copies of a PostgreSQL database, proved by restoring them into a scratch database."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import AsyncConnection, IsolationLevel, sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

from orchestrate.errors import BackupFailed, CommandFailed, ProgramMissing
from tools.commands import CLEAN, run
from tools.migrations import BackupReceipt, unproved

Connection = AsyncConnection[TupleRow]
Counts = dict[tuple[str, str], int]

_INSTALL = "install PostgreSQL's client programs (pg_dump, pg_restore), as new as the server"
_SECONDS = 900.0  # for one pg_dump or pg_restore
_OURS = "n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"
_TABLES = f"""SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND {_OURS} ORDER BY 1, 2"""  # noqa: S608 - constants
_SCHEMA = f"""
    SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND {_OURS}
    UNION ALL SELECT n.nspname, c.relname, 'index', pg_get_indexdef(c.oid), ''
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'i' AND {_OURS}
    UNION ALL SELECT n.nspname, k.conname, 'constraint', pg_get_constraintdef(k.oid), ''
      FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE {_OURS}
    ORDER BY 1, 2, 3, 4, 5"""  # noqa: S608 - constants


class PostgresBackup:
    """Dumps one snapshot, restores it beside the database, and compares the two."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._where = conninfo_to_dict(url)

    async def taken(self, into: Path) -> BackupReceipt:
        """A dump below `into` whose restore was compared. Raises BackupFailed."""
        proved = into / f"{self._where.get('dbname') or 'database'}-{uuid4().hex[:12]}.dump"
        dump = unproved(proved)
        try:
            into.mkdir(parents=True, exist_ok=True, mode=0o700)  # noqa: ASYNC240 - one short call
            dump.touch(mode=0o600)  # noqa: ASYNC240
            counts, schema = await self._dumped(dump)
            async with self._scratch() as name:
                await self._restored(dump, name)
                await self._compared(name, counts, schema)
            dump.replace(proved)  # noqa: ASYNC240
        except BackupFailed:
            dump.unlink(missing_ok=True)  # noqa: ASYNC240
            raise
        except (psycopg.Error, OSError, CommandFailed) as problem:
            dump.unlink(missing_ok=True)  # noqa: ASYNC240
            raise BackupFailed(f"the backup failed: {problem}", cure=_cure(problem)) from problem
        except ProgramMissing as problem:
            cure = (
                "install PostgreSQL's client programs (pg_dump and pg_restore), the server's version or newer"
            )
            raise BackupFailed(f"no backup can be taken: {problem}", cure=cure) from problem
        return BackupReceipt(location=str(proved), tables=len(counts), rows=sum(counts.values()))

    async def _dumped(self, dump: Path) -> tuple[Counts, list[tuple[str, ...]]]:
        """Dump and count one snapshot: both see the same state."""
        async with await AsyncConnection.connect(self._url) as connection:
            await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            await connection.set_read_only(True)
            row = await (await connection.execute("SELECT pg_export_snapshot()")).fetchone()
            snapshot = str(row[0]) if row else ""
            await self._said(
                "pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={dump}", *self._options()
            )
            return await _counts(connection), await _schema(connection)

    async def _restored(self, dump: Path, name: str) -> None:
        flags = ("--exit-on-error", "--no-owner", "--no-privileges")
        await self._said("pg_restore", *flags, *self._options(name), str(dump))

    async def _compared(self, name: str, counts: Counts, schema: list[tuple[str, ...]]) -> None:
        async with await AsyncConnection.connect(self._url, dbname=name) as connection:
            if await _schema(connection) != schema:
                raise BackupFailed("the restored copy has another schema")
            if await _counts(connection) != counts:
                raise BackupFailed("the restored copy has another number of rows")

    @asynccontextmanager
    async def _scratch(self) -> AsyncGenerator[str]:
        """An empty database on the same server, for as long as the block runs."""
        name = f"orchestrate_restore_{uuid4().hex[:12]}"
        async with await AsyncConnection.connect(self._url, autocommit=True) as connection:
            await connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name))
            )
            try:
                yield name
            finally:
                await connection.execute(
                    sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
                )

    def _options(self, database: str = "") -> list[str]:
        known = {"host": "--host", "port": "--port", "user": "--username"}
        options = [f"{option}={self._where[key]}" for key, option in known.items() if self._where.get(key)]
        return [*options, "--no-password", f"--dbname={database or self._where.get('dbname')}"]

    async def _said(self, *argv: str) -> None:
        (await run(argv, env=self._environment(), timeout=_SECONDS)).whole()

    def _environment(self) -> Mapping[str, str]:
        """The password is no argument: arguments can be read by everybody on the machine."""
        kept = {"password": "PGPASSWORD", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
        return {
            **CLEAN,
            **{name: str(self._where[key]) for key, name in kept.items() if self._where.get(key)},
        }


async def _counts(connection: Connection) -> Counts:
    tables = await (await connection.execute(_TABLES.encode())).fetchall()
    counts: Counts = {}
    for schema, table in tables:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
        row = await (await connection.execute(query)).fetchone()
        counts[schema, table] = int(row[0]) if row else 0
    return counts


async def _schema(connection: Connection) -> list[tuple[str, ...]]:
    await connection.execute("SET search_path = pg_catalog")  # a database's own one leaves schemas unsaid
    rows = await (await connection.execute(_SCHEMA.encode())).fetchall()
    return [tuple(str(value) for value in row) for row in rows]


def _cure(problem: Exception) -> str:
    if isinstance(problem, psycopg.errors.InsufficientPrivilege):
        return "let the database's user create databases (ALTER ROLE … CREATEDB): a restore needs one"
    return ""
