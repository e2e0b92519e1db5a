"""Learnings: how deployments of a service went, for those who plan the next one."""

from __future__ import annotations

import json

from sqlalchemy import RowMapping, bindparam, delete, select

from orchestrate.models.learning import Learning
from orchestrate.store.database import Database
from orchestrate.store.rows import clean, fact, insert_once
from orchestrate.store.work_tables import learnings

rows = learnings.c

ONE = select(rows.key).where(rows.key == bindparam("which"))
OF_PLACE = (
    select(learnings)
    .where(rows.service == bindparam("whose"), rows.environment == bindparam("there"))
    .order_by(rows.at.desc(), rows.key)
    .limit(bindparam("most"))
)
ALL = select(learnings).order_by(rows.at.desc(), rows.key)
REMOVE = delete(learnings).where(rows.key == bindparam("which"))


class Learnings:
    """Remembers what was learnt, once by key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, key: str) -> bool:
        """Whether it is kept already."""
        with self._database.reading() as connection:
            return connection.execute(ONE, {"which": key}).first() is not None

    def add(self, learning: Learning) -> None:
        """Keep it; one that is known stays as it is."""
        words = {"text": clean(learning.text), "files": clean(json.dumps(learning.files))}
        with self._database.writing() as connection:
            insert_once(connection, learnings, {**learning.model_dump(), **words})

    def of(self, service: str, environment: str, limit: int = 200) -> tuple[Learning, ...]:
        """The newest of a service in an environment, newest first."""
        asked = {"whose": service, "there": environment, "most": limit}
        with self._database.reading() as connection:
            return tuple(_learning(row) for row in connection.execute(OF_PLACE, asked).mappings())

    def all(self) -> tuple[Learning, ...]:
        """Everything, newest first."""
        with self._database.reading() as connection:
            return tuple(_learning(row) for row in connection.execute(ALL).mappings())

    def remove(self, key: str) -> None:
        """Keep it no longer."""
        with self._database.writing() as connection:
            connection.execute(REMOVE, {"which": key})


def _learning(row: RowMapping) -> Learning:
    return fact(Learning, row, files=tuple(json.loads(row["files"])))
