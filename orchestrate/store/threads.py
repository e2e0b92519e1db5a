"""Threads: on which tasks people are asked something."""

from __future__ import annotations

from sqlalchemy import select

from orchestrate.store.database import Database
from orchestrate.store.tables import questions

rows = questions.c

AWAITED = (
    select(rows.task)
    .where(rows.task.is_not(None), rows.closed.is_(None), rows.consumed_at.is_(None))
    .distinct()
)


class Threads:
    """Knows where an answer is awaited, or could still become another one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def awaited(self) -> tuple[str, ...]:
        """The tasks on whose threads what people say may decide something now."""
        with self._database.reading() as connection:
            return tuple(connection.execute(AWAITED).scalars())
