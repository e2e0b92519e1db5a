"""Late target: a database whose address holds a secret, which is read only when the database is used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import ArgumentError

from orchestrate.errors import NotFound, SettingsInvalid, Unreachable
from tools.migrations import Applied, BackupReceipt, Target


class LateTarget:
    """Does what the target does that `made` gives; a secret without a value makes it unreachable."""

    def __init__(self, made: Callable[[], Target]) -> None:
        self._made = made

    async def applied(self) -> tuple[Applied, ...]:
        return await self._target().applied()

    async def apply(self, name: str, sql: str) -> None:
        await self._target().apply(name, sql)

    async def verify(self, name: str, sql: str) -> None:
        await self._target().verify(name, sql)

    async def backup(self, into: Path) -> BackupReceipt:
        return await self._target().backup(into)

    async def value(self, query: str) -> str:
        return await self._target().value(query)

    def _target(self) -> Target:
        try:
            return self._made()
        except (SettingsInvalid, NotFound) as missing:
            why = f"the database's url has no value: {missing}"
            raise Unreachable(why, cure=missing.cure) from missing
        except ArgumentError:
            why = "the database's url cannot be read as one"
            raise Unreachable(why, cure="write it as postgresql://user@host/name or sqlite:///file") from None
