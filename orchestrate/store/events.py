"""Events: each deployment's story, line by line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, RowMapping, bindparam, insert, select

from orchestrate.models.deployment import Event, Stage, Told
from orchestrate.store.database import Database
from orchestrate.store.rows import clean, fact
from orchestrate.store.tables import events

FORESIGHT = "foresight"

INSERT = insert(events)
NUMBERED = INSERT.returning(events.c.seq)
OF = (
    select(events)
    .where(events.c.deployment == bindparam("whose"), events.c.seq > bindparam("after"))
    .order_by(events.c.seq)
    .limit(bindparam("most"))
)
FORESEEN = (
    select(events)
    .where(events.c.deployment == bindparam("whose"), events.c.kind == FORESIGHT)
    .order_by(events.c.seq)
)
AFTER = (
    select(events).where(events.c.seq > bindparam("after")).order_by(events.c.seq).limit(bindparam("most"))
)
TAIL = select(events).order_by(events.c.seq.desc()).limit(bindparam("most"))


class Events:
    """Remembers what happened, in the order in which it was told."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, deployment: str, stage: Stage | None, kind: str, text: str, data: dict[str, str] | None = None
    ) -> Event:
        """Add a line to a deployment's story."""
        now = self._database.clock()
        with self._database.writing() as connection:
            return append(connection, deployment, stage, kind, text, at=now, data=data)

    def tell(self, deployment: str, stage: Stage | None, told: Sequence[Told]) -> None:
        """Add several lines, all of them or none."""
        now = self._database.clock()
        with self._database.writing() as connection:
            tell(connection, deployment, stage, told, now)

    def of(self, deployment: str, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        """A deployment's lines with a higher number than `after`, oldest first."""
        asked = {"whose": deployment, "after": after, "most": limit}
        with self._database.reading() as connection:
            return tuple(_event(row) for row in connection.execute(OF, asked).mappings())

    def foreseen(self, deployment: str, plan: str) -> tuple[str, ...]:
        """What was said that the watches of the plan of this hash could see, each line once, oldest first."""
        with self._database.reading() as connection:
            found = [_event(row) for row in connection.execute(FORESEEN, {"whose": deployment}).mappings()]
        return tuple(dict.fromkeys(one.text for one in found if one.data.get("plan") == plan))

    def after(self, seq: int, limit: int = 1000) -> tuple[Event, ...]:
        """Lines of all deployments with a higher number than `seq`, oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(AFTER, {"after": seq, "most": limit}).mappings()
            return tuple(_event(row) for row in found)

    def tail(self, limit: int) -> tuple[Event, ...]:
        """The last lines of all deployments, oldest first."""
        with self._database.reading() as connection:
            newest = connection.execute(TAIL, {"most": limit}).mappings().all()
        return tuple(_event(row) for row in reversed(newest))


def tell(
    connection: Connection, deployment: str, stage: Stage | None, told: Sequence[Told], at: float
) -> None:
    """Add the lines in this transaction."""
    if told:
        where = {"deployment": deployment, "at": at, "stage": stage}
        lines = [where | {"kind": one.kind, "text": clean(one.text), "data": _json(one.data)} for one in told]
        connection.execute(INSERT, lines)


def append(  # noqa: PLR0913  one parameter per column of the line
    connection: Connection,
    deployment: str,
    stage: Stage | None,
    kind: str,
    text: str,
    *,
    at: float,
    data: Mapping[str, str] | None = None,
) -> Event:
    """Add the line in this transaction."""
    line = {"deployment": deployment, "at": at, "stage": stage, "kind": kind, "text": clean(text)}
    facts = {name: clean(value) for name, value in (data or {}).items()}
    seq = connection.execute(NUMBERED, {**line, "data": _json(facts)}).scalar_one()
    return Event.model_validate({**line, "seq": seq, "data": facts})


def _json(facts: Mapping[str, str]) -> str:
    return json.dumps({name: clean(value) for name, value in facts.items()}, ensure_ascii=False)


def _event(row: RowMapping) -> Event:
    return fact(Event, row, data=json.loads(row["data"]))
