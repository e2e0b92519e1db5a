"""Objections: which migrations were looked at by a reviewer, and what was found."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, select

from orchestrate.models.objection import Objection
from orchestrate.store.database import Database
from orchestrate.store.model_tables import objections
from orchestrate.store.rows import clean, fact, insert_once

rows = objections.c

OF = select(objections).where(rows.sha256 == bindparam("text"), rows.dialect == bindparam("words"))


class Objections:
    """Remembers a review, so that a migration has the same verdict each time somebody asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, reviewed: Iterable[Objection]) -> None:
        """Keep what was found; what is known about a text already stays as it is."""
        now = self._database.clock()
        with self._database.writing() as connection:
            for one in reviewed:
                values = one.model_copy(update={"reason": clean(one.reason), "at": now}).model_dump()
                insert_once(connection, objections, values)

    def of(self, sha256: str, dialect: str) -> Objection | None:
        """What was found in a text; None when nobody looked at it."""
        with self._database.reading() as connection:
            found = connection.execute(OF, {"text": sha256, "words": dialect}).mappings().first()
        return None if found is None else fact(Objection, found)
