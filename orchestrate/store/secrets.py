"""Secrets: the sealed rows of the vault; this module sees no value and no key."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    text,
)

from orchestrate.models.audit import AuditKind
from orchestrate.models.sealed import SealedSecret
from orchestrate.store.chain import note
from orchestrate.store.database import Clock, Database
from orchestrate.store.rows import fact
from orchestrate.store.tables import metadata

secrets = Table(
    "secrets",
    metadata,
    Column("environment", String, nullable=False),  # '' for the product's own
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("set_by", String, nullable=False),
    Column("set_at", Float, nullable=False),
    Column("sealed_at", Float, nullable=False),
    PrimaryKeyConstraint("environment", "name"),
)

rows = secrets.c
ALONE = 7_203_415_083
"""The advisory lock of whoever changes secrets or their keys, on PostgreSQL."""

ONE = (rows.environment == bindparam("place"), rows.name == bindparam("which"))
ROW = select(secrets).where(*ONE)
ALL = select(secrets).order_by(rows.environment, rows.name)
DELETE = delete(secrets).where(*ONE)


class SecretRows:
    """The rows inside one transaction."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self.clock = clock

    def row(self, environment: str, name: str) -> SealedSecret | None:
        """The row of this secret, if there is one."""
        found = self._connection.execute(ROW, {"place": environment, "which": name}).mappings().first()
        return fact(SealedSecret, found) if found is not None else None

    def all(self) -> tuple[SealedSecret, ...]:
        """Every row, by environment and name."""
        return tuple(fact(SealedSecret, row) for row in self._connection.execute(ALL).mappings())

    def write(self, row: SealedSecret, *, by: str, what: str = "set") -> None:
        """Add it, or take the place of the one with its name; the audit is told who did what."""
        self._connection.execute(DELETE, {"place": row.environment, "which": row.name})
        self._connection.execute(insert(secrets), row.model_dump())
        self._tell(row, by, what)

    def delete(self, row: SealedSecret, *, by: str) -> None:
        """Forget it; the audit is told who did."""
        self._connection.execute(DELETE, {"place": row.environment, "which": row.name})
        self._tell(row, by, "forgotten")

    def _tell(self, row: SealedSecret, by: str, what: str) -> None:
        facts = {"environment": row.environment, "secret": row.name, "version": str(row.version)}
        note(self._connection, AuditKind.SECRET, by=by, what=what, **facts)


class Secrets:
    """The table of sealed secrets (E2)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def row(self, environment: str, name: str) -> SealedSecret | None:
        """The row of this secret, if there is one."""
        with self._database.reading() as connection:
            return SecretRows(connection, self._database.clock).row(environment, name)

    def all(self) -> tuple[SealedSecret, ...]:
        """Every row, by environment and name."""
        with self._database.reading() as connection:
            return SecretRows(connection, self._database.clock).all()

    @contextmanager
    def alone(self) -> Generator[SecretRows]:
        """One transaction in which nobody else changes a secret, however many processes want to."""
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ALONE})
            yield SecretRows(connection, self._database.clock)
