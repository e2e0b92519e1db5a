"""Migrations of a target: find, lint, apply, verify; and the copy taken before."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from orchestrate.models.fact import Fact


class Applied(Fact):
    """A migration that the target has: its file name and the SHA-256 of the text that was applied."""

    name: str
    sha256: str


class BackupReceipt(Fact):
    """A copy whose restore was compared with the original, table by table."""

    location: str
    tables: int
    rows: int


class Target(Protocol):
    """A database that migrations change."""

    async def applied(self) -> tuple[Applied, ...]:
        """What was applied, in order. Raises Unreachable."""
        ...

    async def apply(self, name: str, sql: str) -> None:
        """Apply one file and record it, in one transaction; a file that is already recorded with the
        same SHA-256 is left alone. Raises MigrationFailed."""
        ...

    async def verify(self, name: str, sql: str) -> None:
        """Check that the tables, columns and indexes that `sql` creates exist. Raises MigrationFailed."""
        ...

    async def backup(self, into: Path) -> BackupReceipt:
        """Copy, restore into a scratch place, compare schema and row counts. Raises BackupFailed."""
        ...

    async def value(self, query: str) -> str:
        """First value of a read-only query, as text (smoke tests)."""
        ...
