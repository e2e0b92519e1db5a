"""Soundness: whether a database can be relied on right now."""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy import insert

from orchestrate.store import schema
from orchestrate.store.database import Database
from orchestrate.store.failures import Failure, unusable
from orchestrate.store.tables import events

NEEDED_BYTES = 32 * 1024 * 1024
PROBE_BYTES = 64 * 1024


def check(database: Database, *, needed_bytes: int = NEEDED_BYTES) -> None:
    """Raises StoreUnusable unless it is whole, of this version, writable, and has room to grow."""
    if database.is_sqlite:
        _check_whole(database)
        _check_room(database, needed_bytes)
    with database.reading() as connection:
        schema.check(database, connection)
    _check_writable(database)


def _check_whole(database: Database) -> None:
    with database.reading() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise unusable(str(database.where), Failure.CORRUPT, str(found))


def _check_room(database: Database, needed_bytes: int) -> None:
    free = shutil.disk_usage(Path(str(database.where)).parent).free
    if free < needed_bytes:
        raise unusable(str(database.where), Failure.FULL, f"{free // 1024} KiB are free")


def _check_writable(database: Database) -> None:
    """Write more than fits on a page, and take it back."""
    probe = {"deployment": "", "at": database.clock(), "kind": "probe", "data": "{}"}
    with database.writing() as connection:
        connection.execute(insert(events), {**probe, "text": "x" * PROBE_BYTES})
        connection.rollback()
