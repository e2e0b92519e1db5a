"""Log files: an endless stream kept in a fixed number of bytes, its beginning and its newest part.

A folder holds `head.log` (the first half) and `tail-<offset>.log` segments (a ring, the newest half);
the name of a segment is the place of its first byte in the stream. Every line starts with the time of
its capture in milliseconds. Standard library only: the supervisor imports it.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import NamedTuple

HEAD = "head.log"
SEGMENTS = 8
STAMP = 13  # digits of a time in milliseconds
LONGEST_LINE = 8192  # bytes shown of one line
COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


class Line(NamedTuple):
    """A captured line: when, in epoch milliseconds, and what, safe for a terminal."""

    at: int
    text: str


class BoundedLog:
    """Writes a stream into a folder within `cap` bytes of disk and constant memory."""

    def __init__(self, folder: Path, cap: int) -> None:
        self._folder = folder
        self._half = cap // 2
        self._segment = max(1, self._half // SEGMENTS)
        self._total = _length(folder)
        self._open: int | None = None
        self._room = 0
        self._at_line_start = _ends_line(folder)
        self.end_line()

    def write(self, data: bytes) -> None:
        """Keep `data`; a full disk loses it, and never stops the writer."""
        stamped = memoryview(self._stamped(data))
        try:
            while stamped:
                if self._room == 0:
                    self._next_file()
                written = os.write(self._file(), stamped[: self._room])
                self._room -= written
                self._total += written
                stamped = stamped[written:]
        except OSError:
            self.close()

    def end_line(self) -> None:
        """The writer is gone: what it writes next is another line."""
        if not self._at_line_start:
            self.write(b"\n")

    def close(self) -> None:
        if self._open is not None:
            os.close(self._open)
        self._open, self._room = None, 0

    def _stamped(self, data: bytes) -> bytes:
        if not data:
            return data
        stamp = b"%0*d " % (STAMP, time.time_ns() // 1_000_000)
        text = data.replace(b"\n", b"\n" + stamp)
        if self._at_line_start:
            text = stamp + text
        self._at_line_start = data.endswith(b"\n")
        return text[: -len(stamp)] if self._at_line_start else text

    def _file(self) -> int:
        if self._open is None:
            raise OSError("no log file is open")
        return self._open

    def _next_file(self) -> None:
        self.close()
        is_head = self._total < self._half
        name = HEAD if is_head else f"tail-{self._total:020d}.log"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        if not is_head:
            for old in _tails(self._folder)[: -(SEGMENTS - 1)]:
                old.unlink(missing_ok=True)
        self._open = os.open(self._folder / name, flags, 0o600)
        self._room = self._half - self._total if is_head else self._segment


def newest(folder: Path, lines: int) -> list[Line]:
    """The last `lines` lines kept in `folder`, oldest first; what was left out in between is said."""
    text, begin = b"", 0
    for offset, path in reversed(_parts(folder)):
        piece = _read(path)
        if text and offset + len(piece) < begin:
            text = b"\n... %d bytes left out ...\n" % (begin - offset - len(piece)) + text
        text, begin = piece + text, offset
        if text.count(b"\n") > lines:
            break
    return _lines(text)[-lines:] if lines > 0 else []


def clear(folder: Path) -> None:
    """Forget what was kept."""
    for _, path in _parts(folder):
        path.unlink(missing_ok=True)


def _lines(text: bytes) -> list[Line]:
    found: list[Line] = []
    at = 0
    for raw in text.replace(b"\r\n", b"\n").split(b"\n"):
        stamp, _, rest = raw.partition(b" ")
        if len(stamp) == STAMP and stamp.isdigit():
            at, raw = int(stamp), rest
        if raw:
            found.append(Line(at, _shown(raw)))
    return found


def _shown(raw: bytes) -> str:
    text = raw[:LONGEST_LINE].decode("utf-8", "replace")
    if len(raw) > LONGEST_LINE:
        text += f" ... {len(raw) - LONGEST_LINE} bytes left out"
    return CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", COLOURS.sub("", text))


def _parts(folder: Path) -> list[tuple[int, Path]]:
    head = folder / HEAD
    tails = [(int(path.stem.removeprefix("tail-")), path) for path in _tails(folder)]
    return [(0, head), *tails] if head.exists() else tails


def _tails(folder: Path) -> list[Path]:
    return sorted(folder.glob("tail-*.log"))


def _length(folder: Path) -> int:
    parts = _parts(folder)
    return parts[-1][0] + parts[-1][1].stat().st_size if parts else 0


def _ends_line(folder: Path) -> bool:
    """Whether the last writer ended its last line."""
    parts = _parts(folder)
    if not parts or parts[-1][1].stat().st_size == 0:
        return True
    with parts[-1][1].open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
