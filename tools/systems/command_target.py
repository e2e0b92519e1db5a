"""A target whose migrations a command of the team's own applies, one file at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from orchestrate.errors import CommandFailed, MigrationFailed
from tools.commands import CLEAN, run
from tools.migrations import Applied, BackupReceipt, Target, is_applied

SECONDS = 600.0


class Recording(Target, Protocol):
    """A target that can also remember what another program applied."""

    async def record(self, name: str, sql: str) -> None:
        """Remember it."""
        ...


class CommandTarget:
    """Runs `command` with `{file}` and `{name}` filled in and DATABASE_URL set, and records what it applied.

    A command that is repeated after a crash has to leave what is there alone: between its end and our record
    nobody can tell that it ran.
    """

    def __init__(self, inner: Recording, command: Sequence[str], url: str) -> None:
        self._inner, self._command, self._url = inner, tuple(command), url

    async def applied(self) -> tuple[Applied, ...]:
        return await self._inner.applied()

    async def apply(self, name: str, sql: str) -> None:
        """Raises MigrationFailed with the end of what the command said, ProgramMissing."""
        if is_applied(name, sql, await self.applied()):
            return
        with tempfile.TemporaryDirectory(prefix="migration-") as folder:
            file = Path(folder) / name
            file.write_text(sql)
            argv = [word.replace("{file}", str(file)).replace("{name}", name) for word in self._command]
            try:
                output = await run(argv, env={**CLEAN, "DATABASE_URL": self._url}, timeout=SECONDS)
            except CommandFailed as late:
                raise MigrationFailed(f"{name}: {late}") from late
        if output.code != 0:
            raise MigrationFailed(f"{name}: {argv[0]} ended with {output.code}: {output.complaint}")
        await self._inner.record(name, sql)

    async def verify(self, name: str, sql: str) -> None:
        await self._inner.verify(name, sql)

    async def backup(self, into: Path) -> BackupReceipt:
        return await self._inner.backup(into)

    async def value(self, query: str) -> str:
        return await self._inner.value(query)
