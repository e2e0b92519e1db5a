"""Migrations of a target: find, lint, apply, verify; and the copy taken before."""

from __future__ import annotations

import asyncio
import hashlib
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol

from orchestrate.errors import MigrationFailed
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Database
from orchestrate.models.fact import Fact
from orchestrate.models.move import MigrationFile
from orchestrate.models.plan import MigrationVerdict
from tools.merge import Source
from tools.sql import CAP, Made, SqlUnreadable, made
from tools.sql_lint import lint
from tools.sql_rules import Grade

UNPROVED = ".part"


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
        """Copy, restore into a scratch place, compare schema and row counts. Raises BackupFailed.

        The copy has its name below `into` once it is proved: see `unproved`.
        """
        ...

    async def value(self, query: str) -> str:
        """First value of a read-only query, as text (smoke tests)."""
        ...


class Migration(Fact):
    """A file that waits to be applied, with the linter's verdict; `text` is None where it cannot be read."""

    path: str  # in the repository
    sha256: str
    text: str | None
    verdict: MigrationVerdict


class Script(Fact):
    """A migration as it stands in the repository."""

    path: str
    sha256: str
    text: str | None

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name


async def pending(
    source: Source, version: Version, component: Component, target: Target
) -> tuple[Migration, ...]:
    """What `target` does not have yet, in the order of the names, judged.

    A file whose text changed since it was applied is among them, as dangerous: it can never be applied.
    Raises Unreachable, UnknownVersion.
    """
    database = component.database
    if database is None or database.migrations is None:
        return ()
    applied = await target.applied()
    hashes = {one.name: one.sha256 for one in applied}
    found = await scripts(source, version, database.migrations)
    return tuple(
        Migration(
            path=script.path,
            sha256=script.sha256,
            text=script.text,
            verdict=_verdict(script, database, hashes),
        )
        for script in found
        if hashes.get(script.name) != script.sha256
    )


async def scripts(source: Source, version: Version, folder: str) -> tuple[Script, ...]:
    """The migrations of `version`, in the order of their names; `*.down.sql` takes back and is left out."""
    with tempfile.TemporaryDirectory(prefix="migrations-") as name:
        into = Path(name) / "files"
        await source.checkout(version, into, folder)
        return await asyncio.to_thread(lambda: tuple(_scripts(into, folder)))


async def migration_text(source: Source, version: Version, file: MigrationFile) -> str:
    """The text of a planned file. Raises MigrationFailed when it is not the text that was planned."""
    folder = str(PurePosixPath(file.path).parent)
    found = {script.path: script for script in await scripts(source, version, folder)}
    script = found.get(file.path)
    if script is None or script.text is None or script.sha256 != file.sha256:
        raise MigrationFailed(
            f"{file.path} at {version.name} is not the text that was approved",
            cure="start a new deployment, which reads the migrations again",
        )
    return script.text


def unproved(copy: Path) -> Path:
    """What a copy is called until its restore was compared; whoever ends before that leaves no other."""
    return copy.with_name(f"{copy.name}{UNPROVED}")


def proved(into: Path) -> frozenset[str]:
    """The copies below `into` that were proved; what an attempt that was cut short left is removed."""
    found = list(into.iterdir()) if into.is_dir() else []
    for copy in found:
        if copy.name.endswith(UNPROVED):
            copy.unlink(missing_ok=True)
    return frozenset(copy.name for copy in found if not copy.name.endswith(UNPROVED))


def fingerprint(text: str) -> str:
    """SHA-256 of a migration's text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_applied(name: str, sql: str, applied: tuple[Applied, ...]) -> bool:
    """Whether this text was applied under this name. Raises MigrationFailed if another text was."""
    known = next((one for one in applied if one.name == name), None)
    if known is not None and known.sha256 != fingerprint(sql):
        raise MigrationFailed(
            f"{name} was applied before with other text",
            cure="put the old text back, and write the difference as a new migration",
        )
    return known is not None


def _scripts(root: Path, folder: str) -> Iterator[Script]:
    place = root / folder
    if not place.is_dir():
        return
    for file in sorted(place.iterdir(), key=lambda one: one.name):
        is_plain = stat.S_ISREG(file.lstat().st_mode)
        if file.suffix != ".sql" or file.name.endswith(".down.sql") or not is_plain:
            continue
        content = file.read_bytes()
        path = str(PurePosixPath(folder, file.name))
        yield Script(path=path, sha256=hashlib.sha256(content).hexdigest(), text=_text(content))


def _text(content: bytes) -> str | None:
    try:
        return content.decode() if len(content) <= CAP else None
    except UnicodeDecodeError:
        return None


def _verdict(script: Script, database: Database, applied: dict[str, str]) -> MigrationVerdict:
    grade, reasons = _judged(script, database)
    last = max(applied, default="")
    if script.name in applied:
        grade, reasons = Grade.DANGEROUS, ("its text changed after it was applied", *reasons)
    elif script.name < last:
        grade = Grade.WARN if grade is Grade.OK else grade
        reasons = (f"it comes before {last}, which is applied already", *reasons)
    return MigrationVerdict(path=script.path, sha256=script.sha256, verdict=grade, reasons=reasons)


def _judged(script: Script, database: Database) -> tuple[Grade, tuple[str, ...]]:
    if script.text is None:
        return Grade.UNPARSABLE, (f"it is not text, or longer than {CAP} bytes",)
    found = lint(script.text, database.dialect)
    return found.grade, found.reasons


class MemoryTarget:
    """Remembers what was applied, and which tables that made."""

    def __init__(self, answers: dict[str, str] | None = None) -> None:
        self.answers = answers or {}
        self.there = Made()
        self._applied: list[Applied] = []

    async def applied(self) -> tuple[Applied, ...]:
        return tuple(self._applied)

    async def apply(self, name: str, sql: str) -> None:
        if is_applied(name, sql, await self.applied()):
            return
        if lint(sql, "sqlite").grade is Grade.UNPARSABLE:
            raise MigrationFailed(f"{name} is not SQL")
        left = _made(name, sql)
        again = left.tables.keys() & self.there.tables.keys()
        if again:
            raise MigrationFailed(f"{name}: {sorted(again)[0][1]} exists already")
        self.there.tables |= left.tables
        self.there.indexes |= left.indexes
        self._applied.append(Applied(name=name, sha256=fingerprint(sql)))

    async def verify(self, name: str, sql: str) -> None:
        left = _made(name, sql)
        wanted = {**left.tables, **left.indexes}
        missing = wanted.keys() - {**self.there.tables, **self.there.indexes}.keys()
        if missing or not is_applied(name, sql, await self.applied()):
            lost = ", ".join(one[1] for one in missing) or "its record"
            raise MigrationFailed(f"{name}: {lost} is missing")

    async def backup(self, into: Path) -> BackupReceipt:
        return BackupReceipt(location=str(into / "copy"), tables=len(self.there.tables), rows=0)

    async def value(self, query: str) -> str:
        return self.answers.get(query, "")


def _made(name: str, sql: str) -> Made:
    try:
        return made(sql, "sqlite")
    except SqlUnreadable as problem:
        raise MigrationFailed(f"{name}: {problem}") from problem
