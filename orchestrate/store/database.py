"""The database: how it is opened, and what one transaction is."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from orchestrate.errors import StoreUnusable
from orchestrate.store import chain
from orchestrate.store.anchor import Anchor
from orchestrate.store.direct import Direct
from orchestrate.store.failures import Failure, in_words, unusable

Clock = Callable[[], float]

ANCHOR = "audit.head"
LOCK_SECONDS = 5
STATEMENT_SECONDS = 30


class Database:
    """Opens short transactions on one database, and says in words what is wrong with it."""

    def __init__(self, engine: Engine, clock: Clock = time.time, anchor: Anchor | None = None) -> None:
        self.engine = engine
        self.clock = clock
        self.anchor = anchor
        self.is_sqlite = engine.dialect.name == "sqlite"
        self.where = engine.url.database if self.is_sqlite else engine.url.render_as_string()
        self._here = _Here()
        self._reader = engine if self.is_sqlite else engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """A connection whose every statement sees what is committed, and what is written around it.

        Raises StoreUnusable.
        """
        if self._here.writes is not None:
            yield self._here.writes
            return
        with self._in_words(), self._own.read() if self.is_sqlite else self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """One transaction, and what it told the audit: all of it happens, or nothing.

        Inside another one it is a part of that; nothing may be awaited inside. Raises StoreUnusable, and
        AuditUnusable where something was told and cannot be kept.
        """
        if self._here.writes is not None:
            yield self._here.writes
            return
        with self._in_words(), ExitStack() as around, self._begun() as connection:
            chain.forget(connection)
            self._here.writes = connection
            try:
                yield connection
                around.enter_context(chain.closed(connection, self.anchor, self.clock()))
            finally:
                self._here.writes = None

    def close(self) -> None:
        """Let go of all connections."""
        if self._here.direct is not None:
            self._here.direct.close()
            self._here.direct = None
        self.engine.dispose()

    def _begun(self) -> AbstractContextManager[Connection]:
        return self._own.write() if self.is_sqlite else self.engine.begin()

    @property
    def _own(self) -> Direct:
        """This thread's connection to SQLite, for as long as the engine keeps its pool."""
        here = self._here
        if here.direct is None or here.pool is not self.engine.pool:
            if here.direct is not None:
                here.direct.invalidate()
            here.direct, here.pool = Direct(self.engine), self.engine.pool
        return here.direct

    @contextmanager
    def _in_words(self) -> Generator[None]:
        try:
            yield
        except exc.IntegrityError:
            raise
        except (exc.DBAPIError, exc.TimeoutError, sqlite3.Error) as problem:
            failure = in_words(problem, str(self.where))
            if failure is None:
                raise
            raise failure from problem


class _Here(threading.local):
    """What this thread has open: its connection, and the transaction that it is in."""

    direct: Direct | None = None
    pool: Pool | None = None
    writes: Connection | None = None


def opened(url: str, clock: Clock = time.time, home: Path | None = None) -> Database:
    """The database at `url` (sqlite:////file or postgresql://…); a missing SQLite file is created.

    The audit's anchor is beside a SQLite file, and else in the folder `home`, where one is named.
    Raises StoreUnusable where the address cannot be used.
    """
    try:
        address = make_url(url)
    except exc.ArgumentError as problem:
        raise StoreUnusable(
            "the database address is not a URL", cure="use sqlite:////path/to/file.db or postgresql://…"
        ) from problem
    if address.get_backend_name() == "sqlite":
        engine = _sqlite(address)
        file = Path(address.database or "")
        return Database(engine, clock, Anchor(file.with_name(f"{file.stem}.{ANCHOR}"), is_alone=True))
    anchor = Anchor(home / ANCHOR, is_alone=False) if home else None
    return Database(_postgres(address), clock, anchor)


def _postgres(address: URL) -> Engine:
    limits = f"-c lock_timeout={LOCK_SECONDS}s -c statement_timeout={STATEMENT_SECONDS}s"
    return create_engine(
        address.set(drivername="postgresql+psycopg").difference_update_query(["options"]),
        connect_args={
            "options": f"{limits} {address.query.get('options', '')}",
            "connect_timeout": LOCK_SECONDS,
        },
        pool_pre_ping=True,
    )


def _sqlite(address: URL) -> Engine:
    if not address.database or address.database == ":memory:":
        raise StoreUnusable(
            "a database in memory would forget every deployment",
            cure="name a file: sqlite:////path/to/file.db",
        )
    _create(Path(address.database))
    patience = {} if "timeout" in address.query else {"timeout": LOCK_SECONDS}
    engine = create_engine(address, connect_args=patience)
    event.listen(engine, "connect", _prepare)
    return engine


def _create(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists():
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as problem:
        raise unusable(str(file), Failure.CLOSED, str(problem)) from problem


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # transactions begin where `writing` says so, not where Python guesses
    _use_wal(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Two first connections may switch at once, and SQLite does not wait there by itself."""
    deadline = time.monotonic() + LOCK_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
