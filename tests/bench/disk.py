"""What databases take on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path


def taken(databases: Iterable[Path]) -> int:
    """Bytes of the files, once nothing is left in their write-ahead logs. Nothing is compacted."""
    total = 0
    for file in databases:
        with closing(sqlite3.connect(file)) as connection:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise RuntimeError(f"{file} is in use: its log could not be folded in")
        total += file.stat().st_size
    return total
