"""Grounds: where the store of a case is kept, and how it becomes again what it was in the beginning."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path

import psycopg
from psycopg.rows import TupleRow

from tests.faults.crashes.life import SQLITE
from tests.servers.postgres import Postgres

BEGIN = "begin"
TABLES = b"SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
ALONE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
"""A process that was killed may still have a transaction under way."""


class InFolder:
    """SQLite: the store is a file of the working folder, and is copied with it."""

    def url(self, folder: Path) -> str:
        """Where the store of a working folder is."""
        return SQLITE

    def make(self, folder: Path) -> None:
        """Make an empty store, in which a scene is begun."""

    def spread(self, folders: Sequence[Path]) -> None:
        """Give each of these folders a store of its own, as the scene begins."""

    def renew(self, folder: Path) -> None:
        """Bring the store of this folder back to the beginning."""


class OnServer(InFolder):
    """PostgreSQL: a database for each working folder, made from the first one."""

    def __init__(self, port: int, scene: str) -> None:
        self._server, self._scene = Postgres(port, count(1)), scene
        self._again = ""  # what brings the rows of the beginning back

    def url(self, folder: Path) -> str:
        return self._server.url(self._name(folder))

    def make(self, folder: Path) -> None:
        self._server.run(f'CREATE DATABASE "{self._name(folder)}"')

    def spread(self, folders: Sequence[Path]) -> None:
        for folder in folders:
            first = self._name(folder.with_name(BEGIN))
            self._server.run(f'CREATE DATABASE "{self._name(folder)}" TEMPLATE "{first}"')
            self._again = self._remembered(folder)

    def renew(self, folder: Path) -> None:
        """All rows as they were: another database would take ten times as long."""
        with self._connected(folder) as connection:
            connection.execute(self._again.encode())

    def _remembered(self, folder: Path) -> str:
        with self._connected(folder) as connection:
            tables = [row[0] for row in connection.execute(TABLES)]
            connection.execute(b"CREATE SCHEMA beginning")
            for table in tables:
                connection.execute(f'CREATE TABLE beginning."{table}" AS TABLE public."{table}"'.encode())
        again = [f'DELETE FROM "{one}"; INSERT INTO "{one}" TABLE beginning."{one}"' for one in tables]
        return "; ".join([ALONE, "SET session_replication_role = replica", *again])

    def _connected(self, folder: Path) -> psycopg.Connection[TupleRow]:
        return psycopg.connect(self._server.url(self._name(folder), "postgresql"))

    def _name(self, folder: Path) -> str:
        return f"crash_{self._scene}_{folder.name}".replace(" ", "_")
