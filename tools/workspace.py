"""Workspaces: made with a signed marker inside one root, and destroyed only there, never through a link."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

from orchestrate.models.fact import Fact
from tools.confined import Tally, delete, folder_below
from tools.grounds import TRASH, Grounds, Refusal, check_owner, grounds, trash_of
from tools.listing import GIB, Listing, Quota, listing
from tools.marker import Note, note_in, write_note
from tools.occupants import GRACE, StillThere, end_occupants

QUOTA = Quota()

_NAME = re.compile(r"ws-[0-9a-f]{32}")
_CONDEMNED = re.compile(r"[0-9a-f]{32}")  # in the trash: looked at again after its move, and given up
_MOVED = re.compile(rf"({_NAME.pattern})\.[0-9a-f]{{32}}")  # in the trash: not yet looked at again


class Ending(StrEnum):
    """How an attempt to destroy a workspace ended."""

    DESTROYED = "destroyed"
    MISSING = "missing"  # it is not there (any more), which is fine
    REFUSED = "refused"  # it is not ours to destroy; nothing was changed
    HELD = "held"  # it is larger than anybody expects; nothing was changed, a person has to look
    INCOMPLETE = "incomplete"  # part of it waits in the trash for the next attempt


class Destroyed(Fact):
    """What was done to a workspace, and what went wrong."""

    workspace: str
    ending: Ending
    entries: int = 0  # files and folders that were removed
    problems: tuple[str, ...] = ()
    by: str = ""  # the deployment that asked for it
    stopped: tuple[str, ...] = ()  # processes that worked in it, by name and pid
    listing: str = ""  # SHA-256 of the names and sizes in it, before anything was removed

    @property
    def is_gone(self) -> bool:
        return self.ending in (Ending.DESTROYED, Ending.MISSING)

    def __str__(self) -> str:
        removed = f", {self.entries} entries removed" if self.entries else ""
        listed = f" (listing {self.listing[:12]})" if self.listing else ""
        stopped = [f"ended {', '.join(self.stopped)}"] if self.stopped else []
        return "; ".join(
            [f"workspace {self.workspace} {self.ending}{removed}{listed}", *stopped, *self.problems]
        )


@dataclass
class _Attempt:
    """One attempt to destroy a workspace: its limits, and what it has found and done so far."""

    by: str
    quota: Quota
    grace: float
    tally: Tally = field(default_factory=Tally)
    stopped: tuple[str, ...] = ()
    found: Listing | None = None

    def ended(self, ending: Ending, problem: Exception) -> Ending:
        self.tally.note(shown(str(problem)))
        return ending


class _TooLarge(Exception):
    """More than may be removed without asking."""


def create(root: Path, deployment: str = "") -> Path:
    """A new, empty workspace below `root`, with its marker.

    Raises OSError; it is PermissionError where `root` cannot be a root of workspaces.
    """
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with grounds(root) as at:
            name, aside = f"ws-{uuid4().hex}", f".new-{uuid4().hex}"
            os.mkdir(aside, mode=0o700, dir_fd=at.place)
            folder = folder_below(at.place, aside)
            try:
                write_note(folder, name, at, deployment)
            finally:
                os.close(folder)
            os.rename(aside, name, src_dir_fd=at.place, dst_dir_fd=at.place)
    except Refusal as refusal:
        raise PermissionError(f"no workspace can be made: {refusal}") from refusal
    return root / name


def bind(root: Path, workspace: str | Path, deployment: str, is_over: Callable[[str], bool]) -> str:
    """Let `deployment` alone destroy `workspace`; why it may not, or ''.

    A workspace that is bound to another deployment can be had once `is_over` says that this one has ended.
    """
    try:
        name = _name(root, workspace)
        with grounds(root) as at, _opened(at, name) as (folder, note):
            if note.deployment not in ("", deployment) and not is_over(note.deployment):
                return f"{note.workspace} belongs to deployment {note.deployment}, which is under way"
            if note.deployment != deployment:
                write_note(folder, note.workspace, at, deployment)
    except (Refusal, OSError) as problem:
        return shown(str(problem))
    return ""


def existing(root: Path) -> tuple[Note, ...]:
    """What is written in the workspaces below `root` that are ours, by name. Raises PermissionError."""
    found: list[Note] = []
    try:
        with grounds(root) as at:
            for name in sorted(filter(_NAME.fullmatch, os.listdir(at.place))):  # noqa: PTH208 - an open folder
                with suppress(Refusal, OSError), _opened(at, name) as (_, note):
                    found.append(note)
    except FileNotFoundError:
        return ()
    except Refusal as refusal:
        raise PermissionError(str(refusal)) from refusal
    return tuple(found)


def destroy(
    root: Path, workspace: str | Path, by: str = "", quota: Quota = QUOTA, grace: float = GRACE
) -> Destroyed:
    """Remove `workspace`, a name or an absolute path directly below `root`; what goes wrong is told.

    Processes that work in it are ended first, with `grace` seconds to end by themselves. It is moved into
    the trash of `root` before anything is deleted, so that an attempt that was cut short is finished by
    the next one. More than `quota` is held: nothing is touched. Blocks while it deletes.
    """
    attempt = _Attempt(by, quota, grace)
    try:
        name = _name(root, workspace)
        with grounds(root, destroys=True) as at:
            ending = _destroyed(at, name, attempt)
    except Refusal as refusal:
        ending = attempt.ended(Ending.REFUSED, refusal)
    except _TooLarge as size:
        ending = attempt.ended(Ending.HELD, size)
    except FileNotFoundError:
        ending = Ending.MISSING
    except (OSError, StillThere) as problem:
        ending = attempt.ended(Ending.INCOMPLETE, problem)
    return Destroyed(
        workspace=shown(str(workspace)),
        ending=ending,
        entries=attempt.tally.entries,
        problems=tuple(attempt.tally.problems),
        by=by,
        stopped=attempt.stopped,
        listing=attempt.found.sha256 if attempt.found else "",
    )


def shown(text: str) -> str:
    """`text` without what no terminal or database should be sent; at most 300 characters."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)[:300]


def _destroyed(at: Grounds, name: str, attempt: _Attempt) -> Ending:
    is_there = _is_there(at, name, attempt.by)
    if is_there:
        _look_through(at, name, attempt)
        attempt.stopped = end_occupants(at.path / name, attempt.grace)
    with trash_of(at.place) as trash:
        if is_there:
            hidden = _moved(at, name, trash)
            attempt.stopped += end_occupants(at.path / TRASH / hidden, attempt.grace)
        _empty(at, trash, attempt.tally)
    if attempt.tally.problems:
        return Ending.INCOMPLETE
    return Ending.DESTROYED if is_there or attempt.tally.entries else Ending.MISSING


def _is_there(at: Grounds, name: str, by: str) -> bool:
    """Whether the workspace is there, is ours, and is `by`'s to destroy. Raises Refusal."""
    try:
        with _opened(at, name) as (_, note):
            if note.deployment not in ("", by):
                raise Refusal(f"{name} belongs to deployment {note.deployment}")
    except FileNotFoundError:
        return False
    return True


def _look_through(at: Grounds, name: str, attempt: _Attempt) -> None:
    """Raises Refusal for what must not be entered, _TooLarge for what is more than the quota."""
    most = attempt.quota
    try:
        attempt.found = found = listing(at.place, name, most)
    except OSError as problem:
        raise Refusal(f"{name} cannot be looked through: {problem.strerror}") from problem
    if found.is_beyond:
        size = f"more than {most.entries} entries or {most.bytes / GIB:g} GiB"
        raise _TooLarge(f"it holds {size}; nothing was removed")


def _moved(at: Grounds, name: str, trash: int) -> str:
    """Move the workspace into the trash under a name nobody can guess, and see that it was the one meant."""
    hidden = f"{name}.{uuid4().hex}"
    os.rename(name, hidden, src_dir_fd=at.place, dst_dir_fd=trash)
    try:
        return _condemned(at, trash, hidden)
    except Refusal:
        _put_back(at.place, trash, name, hidden)
        raise


def _condemned(at: Grounds, trash: int, hidden: str) -> str:
    """The name under which what was moved is given up, once it has shown its marker again."""
    name, condemned = hidden.partition(".")[0], uuid4().hex
    with _opened(at, name, trash, hidden):
        os.rename(hidden, condemned, src_dir_fd=trash, dst_dir_fd=trash)
    return condemned


def _put_back(place: int, trash: int, name: str, hidden: str) -> None:
    """Something else was moved: it goes back, unless its place is taken; then it stays, and is left alone."""
    try:
        os.stat(name, dir_fd=place, follow_symlinks=False)
    except FileNotFoundError:
        with suppress(OSError):
            os.rename(hidden, name, src_dir_fd=trash, dst_dir_fd=place)


def _empty(at: Grounds, trash: int, tally: Tally) -> None:
    """Delete what was given up, now or by an attempt that was cut short; the rest is not touched."""
    for left in os.listdir(trash):  # noqa: PTH208 - of an open folder
        try:
            name = _condemned(at, trash, left) if _MOVED.fullmatch(left) else left
        except (Refusal, OSError) as problem:
            tally.note(f"{left} stays in the trash: {shown(str(problem))}")
            continue
        if _CONDEMNED.fullmatch(name):
            delete(trash, name, tally)


@contextmanager
def _opened(
    at: Grounds, name: str, place: int | None = None, called: str = ""
) -> Generator[tuple[int, Note]]:
    """The open workspace and its note; `called` is its name now, below `place`. Raises Refusal."""
    try:
        folder = folder_below(at.place if place is None else place, called or name)
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise Refusal(f"{name} is no plain folder of the root ({problem.strerror})") from problem
    try:
        check_owner(folder, name)
        yield folder, note_in(folder, name, at)
    finally:
        os.close(folder)


def _name(root: Path, workspace: str | Path) -> str:
    path = Path(workspace)
    if path.is_absolute() and path.parent not in (root, root.parent.resolve() / root.name):
        raise Refusal(f"it is not directly below {root}")
    name = path.name if path.is_absolute() else str(workspace)
    if not _NAME.fullmatch(name):
        raise Refusal("its name is not one that we give")
    return name
