"""The anchor: a small file outside the database that knows where the audit ends."""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from orchestrate.errors import AuditUnusable
from orchestrate.models.audit import GENESIS, Head

MODE = 0o600
SLOT, BODY = 256, 238  # bytes: number, both ends, padding; then checksum and state
BEING_WRITTEN, WRITTEN = b"writing", b"written"
"""The state of a slot, overwritten in place after the commit; both are equally long."""

STATE_AT = BODY + 10


@dataclass(frozen=True)
class Known:
    """The end before the newest entries, and the end with them; until it `is_written` either may be true."""

    before: Head
    after: Head
    is_written: bool
    number: int = 0

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
    """One file with two slots that are written in turn, so that one is whole whatever crashes.

    `is_alone` when every writer passes by it; several hosts on one server each have their own.
    """

    file: Path
    is_alone: bool

    def read(self) -> Known | None:
        """What it knows; None where there is no file. Raises AuditUnusable when it cannot be read."""
        try:
            handle = os.open(self.file, os.O_RDONLY)
            try:
                content = os.read(handle, 2 * SLOT + 1)
            finally:
                os.close(handle)
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise AuditUnusable(f"its anchor cannot be read: {problem}") from problem
        slots = [known for at in (0, SLOT) if (known := _known(content[at : at + SLOT]))]
        if not slots or len(content) != 2 * SLOT:
            raise AuditUnusable(f"{self.file} is not an anchor of an audit")
        return max(slots, key=lambda one: one.number)

    @contextmanager
    def moved(self, known: Known | None, before: Head, after: Head) -> Generator[None]:
        """Around a commit: both ends are on disk before it, and the new one alone counts after it.

        `known` is what was read before, if it could be. Raises AuditUnusable, before anything is committed,
        when the file cannot be written.
        """
        number = known.number + 1 if known else 1
        at = SLOT * (number % 2)
        try:
            handle = self._opened() if known else self._made()
            try:
                os.pwrite(handle, _slot(number, before, after), at)
                _sync(handle)
            except OSError:
                os.close(handle)
                raise
        except OSError as problem:
            raise AuditUnusable(f"its anchor cannot be written: {problem}") from problem
        try:
            yield
            with suppress(OSError):  # it is committed; that either end may be true is true as well
                os.pwrite(handle, WRITTEN, at + STATE_AT)
        finally:
            os.close(handle)

    def _opened(self) -> int:
        return os.open(self.file, os.O_WRONLY | os.O_NOFOLLOW)

    def _made(self) -> int:
        """An empty one, which takes the place of what was no anchor as a whole."""
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.file.with_name(f"{self.file.name}.new")
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
        os.write(handle, b" " * (2 * SLOT))
        fresh.replace(self.file)
        return handle


def _slot(number: int, before: Head, after: Head) -> bytes:
    body = f"{number} {before} {after}".encode().ljust(BODY)
    return b"%s %08x %s\n" % (body, zlib.crc32(body), BEING_WRITTEN)


_sync = os.fdatasync if sys.platform == "linux" else os.fsync
"""The slots are there already: only what is in them must reach the disk."""


@lru_cache(maxsize=16)
def _known(slot: bytes) -> Known | None:
    """What a slot knows; None of one that was never written, or not to its end."""
    body, checksum, state = slot[:BODY], slot[BODY + 1 : BODY + 9], slot[STATE_AT:-1]
    if checksum != b"%08x" % zlib.crc32(body) or state not in (BEING_WRITTEN, WRITTEN):
        return None
    try:
        number, before, after = body.decode().split()
        return Known(_head(before), _head(after), state == WRITTEN, int(number))
    except ValueError:
        return None


def _head(word: str) -> Head:
    seq, _, hash = word.partition(":")
    if len(bytes.fromhex(hash)) != len(GENESIS):
        raise ValueError(word)
    return Head(seq=int(seq), hash=hash)
