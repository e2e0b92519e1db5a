"""SQLite as the target of migrations."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from sqlalchemy.engine import make_url

from orchestrate.errors import BackupFailed, MigrationFailed, OutsideFailed, Unreachable
from tools.migrations import Applied, BackupReceipt, fingerprint, is_applied, unproved
from tools.sql import Made, SqlUnreadable, made

_TABLE = "orchestrate_migrations"
_COLUMNS = "name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL"
_CREATE = f"CREATE TABLE IF NOT EXISTS {_TABLE} ({_COLUMNS})"
_LOCK_SECONDS = 2.0  # how long a migration waits for other writers
_STEPS = 10_000  # instructions of SQLite between two looks at the time
_OWN_BUSINESS = {
    sqlite3.SQLITE_TRANSACTION,
    sqlite3.SQLITE_SAVEPOINT,
    sqlite3.SQLITE_ATTACH,
    sqlite3.SQLITE_DETACH,
}

Counts = dict[str, int]


class SqliteTarget:
    """A database file that migrations change; `url` is a SQLAlchemy URL."""

    def __init__(self, url: str, *, statement_seconds: float = 300.0) -> None:
        found = make_url(url).database
        self._file = Path(found or "")
        self._limit = statement_seconds

    async def applied(self) -> tuple[Applied, ...]:
        return await asyncio.to_thread(self._applied)

    async def apply(self, name: str, sql: str) -> None:
        await self._recorded(name, sql, tuple(statements(sql)))

    async def record(self, name: str, sql: str) -> None:
        """Remember what another program applied. Raises MigrationFailed, Unreachable."""
        await self._recorded(name, sql, ())

    async def _recorded(self, name: str, sql: str, run: tuple[str, ...]) -> None:
        stop = threading.Event()
        try:
            await asyncio.to_thread(self._apply, name, sql, run, stop)
        finally:
            stop.set()  # a caller that is cancelled does not leave a migration running

    async def verify(self, name: str, sql: str) -> None:
        await asyncio.to_thread(self._verify, name, sql)

    async def backup(self, into: Path) -> BackupReceipt:
        return await asyncio.to_thread(self._backup, into)

    async def value(self, query: str) -> str:
        return await asyncio.to_thread(self._value, query)

    def _applied(self) -> tuple[Applied, ...]:
        with self._reading() as connection:
            if connection is None:
                return ()
            return _records(connection)

    def _apply(self, name: str, sql: str, run: tuple[str, ...], stop: threading.Event) -> None:
        with self._writing(name) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_CREATE)
            if is_applied(name, sql, _records(connection)):
                connection.execute("ROLLBACK")
                return
            row = (name, fingerprint(sql), datetime.now(UTC).isoformat())
            connection.execute(f"INSERT INTO {_TABLE} VALUES (?, ?, ?)", row)  # noqa: S608 - our own name
            with _limited(connection, self._limit, stop):
                for statement in run:
                    connection.execute(statement)
            if stop.is_set():
                raise MigrationFailed(f"{name} was stopped before it was applied")
            connection.execute("COMMIT")

    def _verify(self, name: str, sql: str) -> None:
        with self._reading() as connection:
            if connection is None or not is_applied(name, sql, _records(connection)):
                raise MigrationFailed(f"{name} is not recorded in {self._file.name}")
            missing = _missing(connection, _made(name, sql))
        if missing:
            raise MigrationFailed(f"{name}: {', '.join(missing)} is missing in {self._file.name}")

    def _backup(self, into: Path) -> BackupReceipt:
        proved = into / f"{self._file.stem}-{uuid4().hex[:12]}.sqlite"
        copy = unproved(proved)
        try:
            into.mkdir(parents=True, exist_ok=True, mode=0o700)
            copy.touch(mode=0o600)
            with self._reading() as source, closing(_connected(copy)) as destination:
                counts, schema = _copied(source, destination)
            with closing(_connected(copy, "?mode=ro")) as restored:
                compared(restored, counts, schema)
            copy.replace(proved)
        except (sqlite3.Error, OSError, OutsideFailed) as problem:
            copy.unlink(missing_ok=True)
            raise BackupFailed(f"the copy of {self._file.name} failed: {problem}") from problem
        return BackupReceipt(location=str(proved), tables=len(counts), rows=sum(counts.values()))

    def _value(self, query: str) -> str:
        with self._reading() as connection:
            if connection is None:
                raise Unreachable(f"{self._file.name} does not exist")
            with _limited(connection, self._limit, threading.Event()):
                row: tuple[object, ...] | None = connection.execute(query).fetchone()
        return "" if row is None or row[0] is None else str(row[0])

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection | None]:
        """A connection that cannot write, or None where the file is still to be made."""
        if not self._file.exists():
            if not self._file.parent.is_dir():
                raise Unreachable(
                    f"{self._file.parent} does not exist",
                    cure="check the database's url in orchestrate.yaml",
                )
            yield None
            return
        try:
            with closing(_connected(self._file, "?mode=ro")) as connection:
                connection.execute("PRAGMA query_only = ON")
                connection.set_authorizer(_refusing(_OWN_BUSINESS - {sqlite3.SQLITE_TRANSACTION}))
                yield connection
        except sqlite3.Error as problem:
            raise Unreachable(f"{self._file.name} cannot be read: {problem}") from problem

    @contextmanager
    def _writing(self, name: str) -> Generator[sqlite3.Connection]:
        """A connection whose open transaction is taken back on any error."""
        try:
            with closing(_connected(self._file)) as connection:
                try:
                    yield connection
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
        except sqlite3.Error as problem:
            raise MigrationFailed(f"{name} was not applied to {self._file.name}: {problem}") from problem


def statements(sql: str) -> Generator[str]:
    """The statements of a script, as SQLite itself divides it (a trigger's body is one statement)."""
    rest = ""
    for piece in sql.split(";"):
        rest += f"{piece};"
        if sqlite3.complete_statement(rest):
            yield rest
            rest = ""
    if rest.strip("; \t\r\n"):
        yield rest.removesuffix(";")


def _connected(file: Path, mode: str = "") -> sqlite3.Connection:
    address = f"file:{quote(str(file.absolute()))}{mode}"
    return sqlite3.connect(address, uri=True, timeout=_LOCK_SECONDS, isolation_level=None)


@contextmanager
def _limited(connection: sqlite3.Connection, seconds: float, stop: threading.Event) -> Generator[None]:
    """What runs meanwhile neither ends our transaction, nor reaches other files, nor lasts too long."""
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: int(stop.is_set() or time.monotonic() > deadline), _STEPS)
    connection.set_authorizer(_refusing(_OWN_BUSINESS))
    try:
        yield
    finally:
        connection.set_authorizer(None)
        connection.set_progress_handler(None, 0)


Authorizer = Callable[[int, str | None, str | None, str | None, str | None], int]


def _refusing(actions: set[int]) -> Authorizer:
    def answer(action: int, first: str | None, second: str | None, *_: str | None) -> int:
        opens_files = action == sqlite3.SQLITE_FUNCTION and second == "load_extension"
        rewrites = action == sqlite3.SQLITE_PRAGMA and first == "writable_schema"
        refused = action in actions or opens_files or rewrites
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK

    return answer


def _records(connection: sqlite3.Connection) -> tuple[Applied, ...]:
    if not _names(connection, "table", _TABLE):
        return ()
    rows = connection.execute(f"SELECT name, sha256 FROM {_TABLE} ORDER BY applied_at, name")  # noqa: S608
    return tuple(Applied(name=name, sha256=sha256) for name, sha256 in rows)


def _names(connection: sqlite3.Connection, kind: str, name: str) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = ? AND lower(name) = lower(?)"
    return connection.execute(query, (kind, name)).fetchone() is not None


def _made(name: str, sql: str) -> Made:
    try:
        return made(sql, "sqlite")
    except SqlUnreadable as problem:
        raise MigrationFailed(f"what {name} makes cannot be told: {problem}") from problem


def _missing(connection: sqlite3.Connection, left: Made) -> list[str]:
    lost: list[str] = []
    for (_, table), columns in [*left.tables.items(), *left.columns.items()]:
        rows = connection.execute("SELECT lower(name) FROM pragma_table_xinfo(?)", (table,))
        there: set[str] = {row[0] for row in rows}
        if not there:
            lost.append(f"table {table}")
        lost += [f"column {table}.{column}" for column in columns if there and column not in there]
    lost += [f"index {index}" for _, index in left.indexes if not _names(connection, "index", index)]
    return lost


def _copied(source: sqlite3.Connection | None, destination: sqlite3.Connection) -> tuple[Counts, list[str]]:
    """Copy and count within one read transaction: both see the same state."""
    if source is None:
        return {}, []
    source.execute("BEGIN")
    try:
        counts, schema = _counts(source), _schema(source)
        source.backup(destination)
    finally:
        source.execute("ROLLBACK")
    return counts, schema


def compared(restored: sqlite3.Connection, counts: Counts, schema: list[str]) -> None:
    """Raise BackupFailed where a restored copy is damaged, or has another schema or number of rows."""
    answer: str = restored.execute("PRAGMA integrity_check").fetchone()[0]
    if answer != "ok":
        raise BackupFailed(f"the restored copy is damaged: {answer}")
    if _schema(restored) != schema:
        raise BackupFailed("the restored copy has another schema")
    if _counts(restored) != counts:
        raise BackupFailed("the restored copy has another number of rows")


def _schema(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master ORDER BY 1, 2")
    return [" ".join(row) for row in rows]


def _counts(connection: sqlite3.Connection) -> Counts:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    names: list[str] = [row[0] for row in connection.execute(query)]
    return {name: _count(connection, name) for name in names}


def _count(connection: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    return int(connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0])  # noqa: S608 - quoted
