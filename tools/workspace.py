"""Workspaces: made with a marker inside one root, and destroyed only there, never through a link."""

from __future__ import annotations

import json
import os
import pwd
import re
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

from orchestrate.models.fact import Fact
from tools.confined import Tally, delete, folder_below

MARKER = ".orchestrate-workspace"
TRASH = ".trash"

_NAME = re.compile(r"ws-[0-9a-f]{32}")
_DEPTH = 3  # parts of the shortest root, the slash included
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Ending(StrEnum):
    """How an attempt to destroy a workspace ended."""

    DESTROYED = "destroyed"
    MISSING = "missing"  # it is not there (any more), which is fine
    REFUSED = "refused"  # it is not ours to destroy; nothing was changed
    INCOMPLETE = "incomplete"  # part of it waits in the trash for the next attempt


class Destroyed(Fact):
    """What was done to a workspace, and what went wrong."""

    workspace: str
    ending: Ending
    entries: int = 0  # files and folders that were removed
    problems: tuple[str, ...] = ()
    by: str = ""  # the deployment that asked for it

    def __str__(self) -> str:
        removed = f", {self.entries} entries removed" if self.entries else ""
        return "; ".join([f"workspace {self.workspace} {self.ending}{removed}", *self.problems])


class _Refusal(Exception):
    """Why a folder is not ours to destroy."""


def create(root: Path) -> Path:
    """A new, empty workspace below `root`, with its marker. Raises OSError."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = root / f"ws-{uuid4().hex}"
    folder.mkdir(mode=0o700)
    (folder / MARKER).write_text(_marker(folder.name, folder.stat()))
    return folder


def destroy(root: Path, workspace: str | Path, by: str = "") -> Destroyed:
    """Remove `workspace`, a name or an absolute path directly below `root`; what goes wrong is told.

    It is moved into the trash of `root` first, so that an attempt that was cut short is finished by
    the next one. Blocks while it deletes.
    """
    said, tally = str(workspace), Tally()
    try:
        name = _name(root, workspace)
        with _root(root) as place:
            ending = _destroyed(place, name, tally)
    except _Refusal as refusal:
        return Destroyed(workspace=said, ending=Ending.REFUSED, problems=(str(refusal),), by=by)
    except FileNotFoundError:
        ending = Ending.MISSING
    except OSError as problem:
        tally.problems.append(str(problem))
        ending = Ending.INCOMPLETE
    return Destroyed(
        workspace=said, ending=ending, entries=tally.entries, problems=tuple(tally.problems), by=by
    )


def _destroyed(place: int, name: str, tally: Tally) -> Ending:
    with _trash(place) as trash:
        moved = _moved(place, trash, name)
        for left in os.listdir(trash):  # noqa: PTH208 - of an open folder
            delete(trash, left, tally)
    if tally.problems:
        return Ending.INCOMPLETE
    return Ending.DESTROYED if moved or tally.entries else Ending.MISSING


def _moved(place: int, trash: int, name: str) -> bool:
    """Move the workspace into the trash under a name nobody can guess; False if it is not there."""
    try:
        folder = folder_below(place, name)
    except FileNotFoundError:
        return False
    except OSError as problem:
        raise _Refusal(f"{name} is no plain folder of the root ({problem.strerror})") from problem
    try:
        found = os.fstat(folder)
        _check_marker(folder, name, found)
    finally:
        os.close(folder)
    hidden = f"{name}.{uuid4().hex}"
    os.rename(name, hidden, src_dir_fd=place, dst_dir_fd=trash)
    if os.stat(hidden, dir_fd=trash, follow_symlinks=False).st_ino != found.st_ino:
        os.rename(hidden, name, src_dir_fd=trash, dst_dir_fd=place)
        raise _Refusal(f"{name} was replaced while it was looked at")
    return True


def _check_marker(folder: int, name: str, found: os.stat_result) -> None:
    try:
        marker = os.open(MARKER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as problem:
        raise _Refusal(f"{name} has no marker of ours ({problem.strerror})") from problem
    with os.fdopen(marker, "rb") as file:
        is_ours = stat.S_ISREG(os.fstat(marker).st_mode) and file.read(1024) == _marker(name, found).encode()
    if not is_ours:
        raise _Refusal(f"{name} has a marker of something else")


def _marker(name: str, found: os.stat_result) -> str:
    return json.dumps({"workspace": name, "inode": found.st_ino})


def _name(root: Path, workspace: str | Path) -> str:
    path = Path(workspace)
    if path.is_absolute() and path.parent != root:
        raise _Refusal(f"it is not directly below {root}")
    name = path.name if path.is_absolute() else str(workspace)
    if not _NAME.fullmatch(name):
        raise _Refusal("its name is not one that we give")
    return name


@contextmanager
def _root(root: Path) -> Generator[int]:
    """The root, opened once: everything else is named relative to it."""
    protected = {Path.cwd(), Path(pwd.getpwuid(os.geteuid()).pw_dir)}
    if not root.is_absolute() or ".." in root.parts or len(root.parts) < _DEPTH:
        raise _Refusal(f"{root} cannot be a root of workspaces")
    if any(place.is_relative_to(root) for place in protected):
        raise _Refusal(f"{root} holds the home or working folder")
    try:
        place = os.open(root, _FOLDER)
    except NotADirectoryError as problem:
        raise _Refusal(f"{root} is a link, or no folder") from problem
    try:
        _check_owner(place, str(root))
        yield place
    finally:
        os.close(place)


@contextmanager
def _trash(place: int) -> Generator[int]:
    with suppress(FileExistsError):
        os.mkdir(TRASH, mode=0o700, dir_fd=place)
    try:
        trash = folder_below(place, TRASH)
    except OSError as problem:
        raise _Refusal(f"{TRASH} is no plain folder of the root ({problem.strerror})") from problem
    try:
        _check_owner(trash, TRASH)
        yield trash
    finally:
        os.close(trash)


def _check_owner(folder: int, name: str) -> None:
    found = os.fstat(folder)
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise _Refusal(f"{name} belongs to, or can be written by, somebody else")
