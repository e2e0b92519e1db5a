"""Keepsakes: what an outside system cannot keep for us, by kind and key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, insert, select

from orchestrate.store.database import Database
from orchestrate.store.rows import clean, insert_once
from orchestrate.store.tracker_tables import keepsakes

rows = keepsakes.c

OF = select(rows.key, rows.value).where(
    rows.kind == bindparam("what"), rows.key.in_(bindparam("names", expanding=True))
)
FORGET = delete(keepsakes).where(rows.kind == bindparam("what"), rows.key == bindparam("name"))
ADD = insert(keepsakes)
AT_ONCE = 400
"""Keys in one query; databases have a limit."""


class Keepsakes:
    """Remembers small texts: how a comment read at first, which task carries a marker, why one was closed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, kind: str, keys: Sequence[str]) -> Mapping[str, str]:
        """What is kept under these keys; those that are not known are missing."""
        found: dict[str, str] = {}
        with self._database.reading() as connection:
            for start in range(0, len(keys), AT_ONCE):
                asked = {"what": kind, "names": list(keys[start : start + AT_ONCE])}
                found |= {row.key: row.value for row in connection.execute(OF, asked)}
        return found

    def first(self, kind: str, values: Mapping[str, str]) -> Mapping[str, str]:
        """Keep what is not known yet; what was kept first under each key, which may be another value."""
        known = self.of(kind, tuple(values))
        new = {key: value for key, value in values.items() if key not in known}
        if not new:
            return known
        now = self._database.clock()
        with self._database.writing() as connection:
            for key, value in new.items():
                row = {"kind": kind, "key": key, "value": clean(value), "at": now}
                insert_once(connection, keepsakes, row)
        return self.of(kind, tuple(values))

    def put(self, kind: str, key: str, value: str) -> None:
        """Keep it in place of what was kept before."""
        with self._database.writing() as connection:
            connection.execute(FORGET, {"what": kind, "name": key})
            row = {"kind": kind, "key": key, "value": clean(value), "at": self._database.clock()}
            connection.execute(ADD, row)

    def forget(self, kind: str, key: str) -> None:
        """Keep it no longer."""
        with self._database.writing() as connection:
            connection.execute(FORGET, {"what": kind, "name": key})
