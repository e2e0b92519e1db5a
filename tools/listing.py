"""Listings: how much is below a folder, counted without following or changing anything."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass, field

from tools.confined import folder_below

GIB = 1024**3
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Quota:
    """How much may be removed without anybody having been asked."""

    entries: int = 200_000
    bytes: int = 20 * GIB


@dataclass
class Listing:
    """What is below a folder: how many entries, how many bytes on the disk, and a digest of all names."""

    most: Quota
    entries: int = 0
    bytes: int = 0
    hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        return self.hash.hexdigest()

    @property
    def is_beyond(self) -> bool:
        """Whether it is more than the quota; then it was not counted to its end."""
        return self.entries > self.most.entries or self.bytes > self.most.bytes

    def add(self, depth: int, entry: os.DirEntry[str], device: int) -> bool:
        """Count one entry; whether it is a folder. Raises OSError when it is another file system."""
        found = entry.stat(follow_symlinks=False)
        if found.st_dev != device:
            raise OSError(errno.EXDEV, "another file system is mounted in it")
        self.entries += 1
        self.bytes += found.st_blocks * 512
        line = f"{depth} {stat.S_IFMT(found.st_mode)} {found.st_size} "
        self.hash.update(line.encode() + os.fsencode(entry.name) + b"\0")
        return stat.S_ISDIR(found.st_mode)


@dataclass
class _Level:
    """A folder on the way down: who it is, and which of its folders are still to be visited."""

    identity: tuple[int, int]
    waiting: list[str]


def listing(place: int, name: str, most: Quota) -> Listing:
    """Everything below the folder `name` of the open folder `place`, at most one entry beyond `most`.

    One folder is open at a time, however deep they are: on the way up it is checked that `..` is the
    folder that was come from. What may not be read is counted, not entered. Raises OSError.
    """
    found = Listing(most)
    here = folder_below(place, name)
    levels: list[_Level] = []
    try:
        levels.append(_looked_at(here, 0, found))
        while levels and not found.is_beyond:
            waiting = levels[-1].waiting
            if not waiting:
                levels.pop()
                here = _gone_to(here, _parent(here, levels[-1].identity)) if levels else here
            elif (inner := _entered(here, waiting.pop())) is not None:
                here = _gone_to(here, inner)
                levels.append(_looked_at(here, len(levels), found))
    finally:
        os.close(here)
    return found


def _looked_at(here: int, depth: int, found: Listing) -> _Level:
    own = os.fstat(here)
    with os.scandir(here) as entries:
        chosen: list[os.DirEntry[str]] = []
        for entry in entries:
            chosen.append(entry)
            if len(chosen) > found.most.entries:
                break
    chosen.sort(key=lambda entry: os.fsencode(entry.name))
    folders = [entry.name for entry in chosen if found.add(depth, entry, own.st_dev)]
    return _Level((own.st_dev, own.st_ino), folders)


def _entered(here: int, name: str) -> int | None:
    try:
        inner = folder_below(here, name)
    except (PermissionError, FileNotFoundError):
        return None
    try:
        os.stat("..", dir_fd=inner)
    except PermissionError:  # its names may be read, but nothing in it may be looked at, nor left again
        os.close(inner)
        return None
    return inner


def _parent(here: int, identity: tuple[int, int]) -> int:
    above = os.open("..", _FOLDER, dir_fd=here)
    found = os.fstat(above)
    if (found.st_dev, found.st_ino) != identity:
        os.close(above)
        raise OSError(errno.ESTALE, "it was moved while it was looked at")
    return above


def _gone_to(here: int, there: int) -> int:
    os.close(here)
    return there
