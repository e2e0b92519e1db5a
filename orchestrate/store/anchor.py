"""The anchor: a small file outside the database that knows where the audit ends."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrate.errors import AuditUnusable
from orchestrate.models.audit import Head

BEING_WRITTEN, WRITTEN = b"writing\n", b"written\n"
"""The last line, overwritten in place after the commit; both are equally long."""

MODE = 0o600


@dataclass(frozen=True)
class Known:
    """The end before the newest entries, and the end with them; without the last word either may be true."""

    before: Head
    after: Head
    is_written: bool

    @property
    def heads(self) -> tuple[Head, ...]:
        """The ends that the audit may have."""
        return (self.after,) if self.is_written else (self.before, self.after)

    @property
    def least(self) -> Head:
        """The end that the audit has reached for certain."""
        return self.heads[0]


@dataclass(frozen=True)
class Anchor:
    """One file, replaced as a whole before each commit; `is_alone` when every writer passes by it."""

    file: Path
    is_alone: bool

    def read(self) -> Known | None:
        """What it knows; None where there is no file. Raises AuditUnusable when it cannot be read."""
        try:
            lines = self.file.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise AuditUnusable(f"its anchor cannot be read: {problem}") from problem
        try:
            before, after, state = lines
            return Known(_head(before), _head(after), state == WRITTEN)
        except ValueError as problem:
            raise AuditUnusable(f"{self.file} is not an anchor of an audit") from problem

    @contextmanager
    def moved(self, before: Head, after: Head) -> Generator[None]:
        """Around a commit: both ends are on disk before it, and the new one alone counts after it.

        Raises AuditUnusable, before anything is committed, when the file cannot be written.
        """
        try:
            handle = self._replace(f"{before}\n{after}\n".encode())
        except OSError as problem:
            raise AuditUnusable(f"its anchor cannot be written: {problem}") from problem
        try:
            yield
            with suppress(OSError):  # it is committed; that both ends may be true is true as well
                os.pwrite(handle, WRITTEN, os.fstat(handle).st_size - len(WRITTEN))
        finally:
            os.close(handle)

    def _replace(self, text: bytes) -> int:
        """The open file, which took the place of the one before as a whole."""
        fresh = self.file.with_name(f"{self.file.name}.new")
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
        try:
            os.write(handle, text + BEING_WRITTEN)
            os.fsync(handle)
            fresh.replace(self.file)
        except OSError:
            os.close(handle)
            raise
        return handle


def _head(line: bytes) -> Head:
    seq, _, hash = line.decode().strip().partition(":")
    if len(bytes.fromhex(hash)) != len(bytes.fromhex(Head().hash)):
        raise ValueError(hash)
    return Head(seq=int(seq), hash=hash)
