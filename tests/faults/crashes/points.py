"""Points: every write that outlives a process, told as it happens.

What a process only remembers dies with it. So between two such writes it makes no difference where it ends:
"before the intent" is the same moment as "after whatever was written before it", and "after the checkpoint"
is the one after the position.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from sqlalchemy import Connection

import orchestrate.store
from orchestrate.models.audit import Head
from orchestrate.store.anchor import Anchor, Known
from orchestrate.store.database import Database

ROOT = Path(orchestrate.store.__file__).parents[2]
STORE = str(ROOT / "orchestrate" / "store")
OURS = tuple(str(ROOT / name) for name in ("agents", "graphs", "orchestrate", "tools"))
FILES = frozenset({"os.rename", "os.remove", "os.rmdir"})
"""What Python tells before it changes a folder."""

BY_THE_CLOCK = "leases.renew"
"""Comes when the machine's own clock says so, at another moment in every run; nothing follows from it."""

At = Callable[[int, str], None]
"""What happens to a process at its writes, which are numbered and named."""

POSITIONS = ("put", "put_writes", "delete_thread")


def nothing(number: int, what: str) -> None:
    """Happens at every write of an undisturbed life."""


@dataclass
class Points:
    """The writes that this process has passed; `at` each of them something happens to it."""

    at: At = nothing
    passed: list[str] = field(default_factory=list[str])
    together: list[str] = field(default_factory=list[str])  # what the transaction under way wrote
    behind: str = ""  # the change of a folder that has no write behind it yet
    is_on: bool = False

    def write(self, what: str) -> None:
        """Something was written that outlives this process."""
        if self.is_on and not what.startswith(BY_THE_CLOCK):
            self.behind = ""
            self.passed.append(what)
            self.at(len(self.passed), what)

    def file(self, what: str) -> None:
        """A folder is about to change: until now all is as before."""
        if self.is_on:
            self.write(f"before {what}")
            self.behind = what

    def after_files(self) -> None:
        """Another write begins: what changed in folders comes before it."""
        if self.behind:
            self.write(f"after {self.behind}")


@dataclass
class Watched:
    """What this process is watched by; exchanged in each process that is forked."""

    points: Points


WATCHED = Watched(Points())


def wrote(what: str) -> None:
    """For whoever writes: the point after it."""
    WATCHED.points.write(what)


class WatchedDatabase(Database):
    """A database with a point behind every transaction, which is called by all that it wrote."""

    @contextmanager
    def writing(self) -> Generator[Connection]:
        points, is_part = WATCHED.points, self._here.writes is not None
        if not is_part:
            points.after_files()
            points.together.clear()
        with super().writing() as connection:
            yield connection
        if points.is_on:
            points.together += [one for one in [_about(sys._getframe())] if one]
        if points.is_on and not is_part:
            points.write(" + ".join(points.together))


@dataclass(frozen=True)
class WatchedAnchor(Anchor):
    """An anchor with a point on both sides of the commit that it is moved around."""

    @contextmanager
    def moved(self, known: Known | None, before: Head, after: Head) -> Generator[None]:
        with super().moved(known, before, after):
            wrote("anchor, before the commit")
            yield
            wrote("anchor, after the commit")


def watched(database: Database, *, has_anchor: bool) -> WatchedDatabase:
    """The same database, watched, with its audit's anchor or without."""
    database.__class__ = WatchedDatabase
    if database.anchor is not None and has_anchor:
        database.anchor = WatchedAnchor(database.anchor.file, database.anchor.is_alone)
    return cast(WatchedDatabase, database)


def watch_positions(saver: BaseCheckpointSaver[str]) -> None:
    """A point behind every write of LangGraph's."""
    for name in POSITIONS:
        if isinstance(saver, SqliteSaver):
            setattr(saver, name, _behind(getattr(saver, name), f"positions.{name}"))
        else:
            setattr(saver, f"a{name}", _behind_awaited(getattr(saver, f"a{name}"), f"positions.{name}"))


def watch_files() -> None:
    """A point before every file that our code moves or removes. It cannot be taken back."""

    def hear(event: str, args: tuple[object, ...]) -> None:
        if event in FILES and WATCHED.points.is_on and _is_ours(sys._getframe()):
            WATCHED.points.file(f"{event} {Path(str(args[0])).name}")

    sys.addaudithook(hear)


def _behind(write: Callable[..., object], what: str) -> Callable[..., object]:
    def written(*args: object, **named: object) -> object:
        WATCHED.points.after_files()
        given = write(*args, **named)
        wrote(what)
        return given

    return written


def _behind_awaited(write: Callable[..., Awaitable[object]], what: str) -> Callable[..., Awaitable[object]]:
    async def written(*args: object, **named: object) -> object:
        WATCHED.points.after_files()
        given = await write(*args, **named)
        wrote(what)
        return given

    return written


def _about(frame: FrameType | None) -> str:
    """Which of the store's methods wrote, and about what; '' for several at once."""
    while frame is not None:
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        if file.startswith(STORE) and not file.endswith("database.py") and not name.startswith("_"):
            about: object = frame.f_locals.get("key") or frame.f_locals.get("kind") or ""
            return "" if name == "together" else f"{Path(file).stem}.{name} {about}".strip()
        frame = frame.f_back
    return "store"


def _is_ours(frame: FrameType | None) -> bool:
    """Whether it is our code that asks, and not Python on behalf of a temporary folder."""
    while frame is not None and Path(frame.f_code.co_filename).name in ("points.py", "pathlib.py"):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith(OURS)
