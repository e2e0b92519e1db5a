"""Rows: between table rows and facts."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeVar

from sqlalchemy import Connection, Executable, RowMapping, Table
from sqlalchemy.dialects import sqlite
from ulid import ULID

from orchestrate.models.fact import Fact
from orchestrate.redaction import without_secrets, without_secrets_json

F = TypeVar("F", bound=Fact)
Value = str | int | float | bool | None

FAR = 2**64
"""How far an id may be from the one before it, where no clock keeps two processes apart: so far that they do
not meet, and so near that a hundred thousand of them take a millisecond."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: nothing that is mistaken when read aloud


def fact(kind: type[F], row: RowMapping, **parsed: object) -> F:
    """`row` as a fact of `kind`; `parsed` are the fields that are not columns as they stand."""
    columns = {name: row[name] for name in kind.model_fields if name not in parsed}
    return kind.model_validate(columns | parsed)


def insert_once(connection: Connection, table: Table, values: Mapping[str, Value]) -> str | int | None:
    """Insert the row unless one like it is there; the new row's first key, or None."""
    build = _postgres_insert if connection.dialect.name == "postgresql" else _sqlite_insert
    return connection.execute(build(table), values).scalar()


@cache
def _sqlite_insert(table: Table) -> Executable:
    return sqlite.insert(table).on_conflict_do_nothing().returning(*table.primary_key.columns)


@cache
def _postgres_insert(table: Table) -> Executable:
    from sqlalchemy.dialects import postgresql  # only where it is used: the command line is to start quickly

    return postgresql.insert(table).on_conflict_do_nothing().returning(*table.primary_key.columns)


def clean(text: str) -> str:
    """`text` without secrets, and without what a database cannot keep: NUL, and half characters."""
    return without_secrets(text).replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def clean_json(text: str) -> str:
    """A JSON document whose texts are clean."""
    kept = text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return without_secrets_json(kept)


def short_id(letter: str) -> str:
    """A letter and five random characters that a person can type."""
    return letter + "".join(secrets.choice(ALPHABET) for _ in range(5))


class Ulids:
    """Ids that grow: also within one millisecond, after those of others, and when the clock steps back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = 0
        self._turn = threading.Lock()

    def next(self, newest: str | None = None) -> str:
        """One that is higher than all that this process gave, and higher than `newest`."""
        with self._turn:
            now, least = int(ULID.from_timestamp(self._clock())), self._last + 1
            if newest is not None:  # two processes that see the same one go different ways from it
                least = max(least, int(ULID.from_str(newest)) + 1 + secrets.randbelow(FAR))
            self._last = max(now, least)
            return str(ULID.from_int(self._last))
