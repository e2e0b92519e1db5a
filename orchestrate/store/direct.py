"""Direct: SQLAlchemy's statements on SQLite's own driver, because a deployment runs hundreds of them.

A statement that is run again and again (they are constants of their modules) is compiled once and then handed
to the driver, which takes a fifth of the time. Whatever is built for one occasion goes SQLAlchemy's own way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, CursorResult, Delete, Dialect, Executable, Insert, Select, Update, exc
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData

Scalar: TypeAlias = str | int | float | bytes | bool | None
Values: TypeAlias = Mapping[str, Scalar]
Convert: TypeAlias = Callable[[object], Scalar]
Columns: TypeAlias = tuple[str, ...]


class Rows(IteratorResult[*tuple[object, ...]]):
    """The answer to a statement, as much of a cursor's result as the store reads."""

    rowcount: int = 0


@dataclass(frozen=True)
class Compiled:
    """A statement as the driver takes it, and how values go in and come out."""

    sql: str
    names: tuple[str, ...]  # of the values, in the order of the question marks
    fixed: Values  # what the statement itself says
    going_in: Mapping[str, Convert]
    answers: SimpleResultMetaData | None  # None: it gives no rows
    coming_out: tuple[Convert | None, ...] | None  # None: as they are

    def run(self, driver: sqlite3.Connection, values: Values | Sequence[Values]) -> Rows:
        """Run it once, or once for each of several sets of values."""
        if isinstance(values, Mapping):
            cursor = driver.execute(self.sql, self._marks(values))
        else:
            cursor = driver.executemany(self.sql, [self._marks(one) for one in values])
        return self._rows(cursor)

    def _marks(self, values: Values) -> list[Scalar]:
        known = {**self.fixed, **values}
        if not self.going_in:
            return [known[name] for name in self.names]
        return [
            self.going_in[name](known[name]) if name in self.going_in else known[name] for name in self.names
        ]

    def _rows(self, cursor: sqlite3.Cursor) -> Rows:
        if self.answers is None:
            rows = Rows(_NOTHING, iter(()))
            rows.rowcount = cursor.rowcount
            return rows
        found = cursor.fetchall()
        if self.coming_out is not None:
            found = [_converted(row, self.coming_out) for row in found]
        rows = Rows(self.answers, iter(found))
        rows.rowcount = len(found)
        return rows


_NOTHING = SimpleResultMetaData(())


class Direct(Connection):
    """A connection to SQLite whose `execute` takes the short way with statements that it meets again."""

    @contextmanager
    def read(self) -> Generator[Direct]:
        """Each statement sees what is committed."""
        try:
            yield self
        finally:
            if self.in_transaction():  # SQLAlchemy's own way begins one
                super().rollback()

    @contextmanager
    def write(self) -> Generator[Direct]:
        """A transaction; the write lock is taken now, not when a read turns into a write."""
        self.driver.execute("BEGIN IMMEDIATE")
        try:
            yield self
            self.driver.commit()
        except BaseException:
            self.driver.rollback()
            raise
        finally:
            if self.in_transaction():
                super().rollback()

    def rollback(self) -> None:
        """Take back what was written."""
        super().rollback()
        self.driver.rollback()

    @property
    def driver(self) -> sqlite3.Connection:
        return cast("sqlite3.Connection", self.connection.dbapi_connection)

    def execute(  # pyright: ignore[reportIncompatibleMethodOverride]  # the store asks in this one way
        self, statement: Executable, parameters: Values | Sequence[Values] | None = None
    ) -> CursorResult[*tuple[object, ...]]:
        values = parameters or {}
        compiled = _known(statement, values, self.dialect)
        if compiled is None:
            return super().execute(statement, parameters)
        try:
            rows = compiled.run(self.driver, values)
        except sqlite3.IntegrityError as problem:
            raise exc.IntegrityError(compiled.sql, None, problem) from problem
        return cast("CursorResult[*tuple[object, ...]]", rows)


_KNOWN: WeakKeyDictionary[Executable, dict[Columns, Compiled | None]] = WeakKeyDictionary()


def _known(statement: Executable, values: Values | Sequence[Values], dialect: Dialect) -> Compiled | None:
    """How the driver takes it, from the second time on."""
    columns = tuple(values if isinstance(values, Mapping) else values[0])
    seen = _KNOWN.get(statement)
    if seen is None:
        _KNOWN[statement] = {}
        return None
    if columns not in seen:
        seen[columns] = _compiled(statement, columns, dialect)
    return seen[columns]


def _compiled(statement: Executable, columns: Columns, dialect: Dialect) -> Compiled | None:
    """None for what is no plain statement, and for one whose text depends on its values."""
    if not isinstance(statement, Select | Insert | Update | Delete):
        return None
    text = statement.compile(dialect=dialect, column_keys=list(columns))
    asked = {name: bind for bind, name in text.bind_names.items() if bind.required}
    if any(bind.expanding for bind in asked.values()):
        return None
    state = text.construct_expanded_state(dict.fromkeys(asked))
    names = tuple(state.positiontup or ())
    given = list(statement.exported_columns)
    out = tuple(one.type.dialect_impl(dialect).result_processor(dialect, None) for one in given)
    return Compiled(
        sql=state.statement,
        names=names,
        fixed={name: value for name, value in state.parameters.items() if name not in asked},
        going_in={name: convert for name, convert in state.processors.items() if name in names},
        answers=SimpleResultMetaData([one.name for one in given]) if given else None,
        coming_out=out if any(out) else None,
    )


def _converted(row: tuple[object, ...], conversions: Sequence[Convert | None]) -> tuple[object, ...]:
    return tuple(
        convert(value) if convert else value for value, convert in zip(row, conversions, strict=True)
    )
