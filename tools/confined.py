"""Confined deletion: relative to an open folder, never through a link, never into another file system."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from uuid import uuid4

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PASSING = _FOLDER | (os.O_PATH if sys.platform == "linux" else 0)  # enough to go on to what is inside
_OPENAT2 = 437  # the same number on every architecture of Linux but alpha
_BENEATH_NO_LINKS_ONE_DEVICE = 0x08 | 0x04 | 0x02 | 0x01
_PROBLEMS = 20
_ATTEMPTS = 5  # looks at a folder that is filled while it is emptied


class _How(ctypes.Structure):
    """The kernel's `struct open_how`."""

    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


@dataclass
class Tally:
    """What was removed, and what could not be; of many problems the first are kept."""

    entries: int = 0
    problems: list[str] = field(default_factory=list[str])

    def note(self, problem: str) -> None:
        if len(self.problems) < _PROBLEMS:
            self.problems.append(problem[:300])


def folder_below(place: int, name: str) -> int:
    """Open the folder `name` directly below the open folder `place`. Raises OSError.

    On Linux the kernel itself refuses links and mounts; elsewhere the one component is not followed,
    and the device is compared.
    """
    descriptor = _openat2(place, name)
    if descriptor is None:
        descriptor = os.open(name, _FOLDER, dir_fd=place)
    if os.fstat(descriptor).st_dev != os.fstat(place).st_dev:
        os.close(descriptor)
        raise OSError(errno.EXDEV, "it is another file system")
    return descriptor


def folder_at(path: Path) -> int:
    """Open the folder at an absolute path, no part of which may be a link. Raises OSError."""
    place = os.open("/", _FOLDER)
    for index, part in enumerate(path.parts[1:], start=2):
        try:
            inner = os.open(part, _FOLDER if index == len(path.parts) else _PASSING, dir_fd=place)
        finally:
            os.close(place)
        place = inner
    return place


def delete(trash: int, name: str, tally: Tally) -> None:
    """Remove `name` and all below it from the open folder `trash`.

    Every folder that is found is moved up into `trash` first: no depth of nesting matters, and no path
    of more than one component is ever resolved.
    """
    waiting = [name]
    while waiting:
        one = waiting.pop()
        try:
            waiting += _emptied(trash, one, tally)
        except FileNotFoundError:
            continue  # another attempt was quicker
        except OSError as problem:
            tally.note(f"{one}: {problem.strerror}")


def _emptied(trash: int, name: str, tally: Tally) -> list[str]:
    """Remove what is not a folder, move up what is, then remove the folder; the names moved up."""
    if not stat.S_ISDIR(os.stat(name, dir_fd=trash, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=trash)
        tally.entries += 1
        return []
    folder = _unlocked(trash, name)
    moved: list[str] = []
    try:
        for _ in range(_ATTEMPTS):
            entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in _listed(folder)]
            for entry, is_folder in entries:
                moved += _taken(trash, folder, entry, is_folder, tally)
            if _removed(trash, name):
                tally.entries += 1
                return moved
    finally:
        os.close(folder)
    tally.note(f"{name}: it is not empty")
    return moved


def _taken(trash: int, folder: int, entry: str, is_folder: bool, tally: Tally) -> list[str]:
    try:
        if is_folder:
            hidden = uuid4().hex
            _rename(entry, hidden, folder, trash)
            return [hidden]
        os.unlink(entry, dir_fd=folder)
        tally.entries += 1
    except FileNotFoundError:
        return []
    except OSError as problem:
        tally.note(f"{entry!r}: {problem.strerror}")
    return []


def _rename(entry: str, hidden: str, folder: int, trash: int) -> None:
    try:
        os.rename(entry, hidden, src_dir_fd=folder, dst_dir_fd=trash)
    except PermissionError:  # a folder that may not be written cannot be moved
        os.close(_unlocked(folder, entry))
        os.rename(entry, hidden, src_dir_fd=folder, dst_dir_fd=trash)


def _listed(folder: int) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _removed(trash: int, name: str) -> bool:
    try:
        os.rmdir(name, dir_fd=trash)
    except OSError as problem:
        if problem.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def _unlocked(place: int, name: str) -> int:
    """The folder, opened, and allowed to be read and written by its owner."""
    try:
        folder = folder_below(place, name)
    except PermissionError:
        _allow(place, name)
        folder = folder_below(place, name)
    if os.fstat(folder).st_mode & 0o700 != 0o700:
        os.fchmod(folder, 0o700)
    return folder


def _allow(place: int, name: str) -> None:
    if sys.platform != "linux":
        os.chmod(name, 0o700, dir_fd=place, follow_symlinks=False)
        return
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place)
    try:
        os.chmod(f"/proc/self/fd/{handle}", 0o700)  # noqa: PTH101 - the open folder, whatever its name
    finally:
        os.close(handle)


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _openat2(place: int, name: str) -> int | None:
    """What the kernel opens, or None where it does not know how."""
    if sys.platform != "linux":
        return None
    how = _How(flags=_FOLDER, mode=0, resolve=_BENEATH_NO_LINKS_ONE_DEVICE)
    found = _library().syscall(_OPENAT2, place, os.fsencode(name), ctypes.byref(how), ctypes.sizeof(how))
    if found >= 0:
        return int(found)
    problem = ctypes.get_errno()
    if problem in (errno.ENOSYS, errno.EPERM):  # an old kernel, or a sandbox that does not know it
        return None
    raise OSError(problem, os.strerror(problem), name)
