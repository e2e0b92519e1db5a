"""Announcements: what everybody was told, each once."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from orchestrate.models.announcement import Announcement
from orchestrate.store.database import Database
from orchestrate.store.rows import clean, fact, insert_once
from orchestrate.store.tables import announcements

LATEST = select(announcements).order_by(announcements.c.number.desc()).limit(bindparam("most"))


class Announcements:
    """Remembers announcements by their marker."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, marker: str, deployment: str, title: str, text: str) -> bool:
        """Keep it; False when the marker is known, and then nothing changes."""
        row = {"marker": marker, "deployment": deployment, "title": clean(title), "text": clean(text)}
        with self._database.writing() as connection:
            key = insert_once(connection, announcements, {**row, "at": self._database.clock()})
        return key is not None

    def latest(self, limit: int) -> tuple[Announcement, ...]:
        """The newest first."""
        with self._database.reading() as connection:
            found = connection.execute(LATEST, {"most": limit}).mappings()
            return tuple(fact(Announcement, row) for row in found)
