"""Changes: what the built-in forge remembers about branches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection, RowMapping, Select, bindparam, select, update

from orchestrate.errors import UnknownChange
from orchestrate.models.change import ChangeRecord, Check, NewChange, Review
from orchestrate.models.task import Label
from orchestrate.store.database import Database
from orchestrate.store.rows import clean_json, insert_once
from orchestrate.store.tables import changes

BY_NUMBER = select(changes).where(changes.c.number == bindparam("wanted"))
BY_MARKER = select(changes).where(changes.c.marker == bindparam("hidden"))
ALL = select(changes).order_by(changes.c.number)
CHANGE = update(changes).where(changes.c.number == bindparam("wanted")).values(record=bindparam("text"))


class ChangeBook:
    """Records of changes; ids are 1, 2, …"""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, new: NewChange) -> ChangeRecord:
        """Record a change under an id of its own; a non-empty marker that is known gives that record."""
        opened = datetime.fromtimestamp(self._database.clock(), UTC)
        record = ChangeRecord(id="", opened_at=opened, **new.model_dump())
        row = {"marker": new.marker or None, "record": clean_json(record.model_dump_json())}
        with self._database.writing() as connection:
            number = insert_once(connection, changes, row)
            if number is None:
                return _record(connection.execute(BY_MARKER, {"hidden": new.marker}).mappings().one())
        return record.model_copy(update={"id": str(number)})

    def record(self, id: str) -> ChangeRecord:
        """One record. Raises UnknownChange."""
        with self._database.reading() as connection:
            return _found(connection, BY_NUMBER, id)

    def all(self) -> tuple[ChangeRecord, ...]:
        """Every record, oldest first."""
        with self._database.reading() as connection:
            return tuple(_record(row) for row in connection.execute(ALL).mappings())

    def review(self, id: str, review: Review) -> None:
        """Keep a verdict; the newest of the same person stands. Raises UnknownChange."""

        def reviewed(record: ChangeRecord) -> dict[str, object]:
            others = (one for one in record.reviews if one.by != review.by)
            return {"reviews": (*others, review)}

        self._change(id, reviewed)

    def check(self, id: str, check: Check) -> None:
        """Keep a result; the newest of the same name and SHA stands. Raises UnknownChange."""

        def checked(record: ChangeRecord) -> dict[str, object]:
            others = (one for one in record.checks if (one.name, one.sha) != (check.name, check.sha))
            return {"checks": (*others, check)}

        self._change(id, checked)

    def label(self, id: str, label: Label) -> None:
        """Put a label; the same name by the same person stands once. Raises UnknownChange."""

        def labelled(record: ChangeRecord) -> dict[str, object]:
            others = (one for one in record.labels if (one.name, one.by) != (label.name, label.by))
            return {"labels": (*others, label)}

        self._change(id, labelled)

    def merged(self, id: str, commit: str) -> None:
        """Remember the commit that merged it. Raises UnknownChange."""
        self._change(id, lambda _: {"merge_commit": commit})

    def _change(self, id: str, news: Callable[[ChangeRecord], dict[str, object]]) -> None:
        with self._database.writing() as connection:
            record = _found(connection, BY_NUMBER.with_for_update(), id)
            changed = record.model_copy(update=news(record))
            connection.execute(CHANGE, {"wanted": int(id), "text": clean_json(changed.model_dump_json())})


def _found(connection: Connection, statement: Select[*tuple[object, ...]], id: str) -> ChangeRecord:
    number = int(id) if id.isdecimal() and len(id) < 10 else 0
    row = connection.execute(statement, {"wanted": number}).mappings().first()
    if row is None:
        raise UnknownChange(id)
    return _record(row)


def _record(row: RowMapping) -> ChangeRecord:
    return ChangeRecord.model_validate_json(row["record"]).model_copy(update={"id": str(row["number"])})
