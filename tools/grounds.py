"""Grounds: the one folder in which workspaces are made and destroyed, checked, locked and held open."""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil

from tools.confined import folder_at, folder_below

TRASH = ".trash"
KEY = ".key"

_KEY_BYTES = 32
_DEPTH = 3  # folders from the root of the file system down to the shortest root of workspaces
_PATIENCE = 30.0  # seconds to wait for another process that makes or destroys workspaces here
_PRODUCT = Path(__file__).resolve().parent.parent


class Refusal(Exception):
    """Why a folder is not ours to use or to destroy."""


@dataclass(frozen=True)
class Grounds:
    """An open root of workspaces: its descriptor, where it really is, and the key that signs its markers."""

    place: int
    path: Path
    key: bytes

    @property
    def inode(self) -> int:
        return os.fstat(self.place).st_ino


@contextmanager
def grounds(root: Path, *, destroys: bool = False, patience: float = _PATIENCE) -> Generator[Grounds]:
    """The root, opened once and held alone: everything else is named relative to it.

    Whoever destroys may not work in it. Raises Refusal when it cannot be a root, FileNotFoundError when
    there is none, and TimeoutError when another process holds it for longer than `patience` (seconds).
    """
    path = _checked(root, destroys)
    try:
        place = folder_at(path)
    except (NotADirectoryError, PermissionError) as problem:
        raise Refusal(f"{root} is a link, or no folder of ours ({problem.strerror})") from problem
    try:
        check_private(place, str(root))
        _refuse_repository(place, root)
        _lock(place, patience)
        yield Grounds(place, path, _key(place))
    finally:
        os.close(place)


@contextmanager
def trash_of(place: int) -> Generator[int]:
    """The folder below the open root in which what is given up waits for its end. Raises Refusal."""
    with suppress(FileExistsError):
        os.mkdir(TRASH, mode=0o700, dir_fd=place)
    try:
        trash = folder_below(place, TRASH)
    except OSError as problem:
        raise Refusal(f"{TRASH} is no plain folder of the root ({problem.strerror})") from problem
    try:
        check_private(trash, TRASH)
        yield trash
    finally:
        os.close(trash)


def check_owner(folder: int, name: str) -> None:
    """Raises Refusal unless the open folder is ours."""
    if os.fstat(folder).st_uid != os.geteuid():
        raise Refusal(f"{name} belongs to somebody else")


def check_private(folder: int, name: str) -> None:
    """Raises Refusal unless the open folder is ours, and ours alone."""
    check_owner(folder, name)
    if os.fstat(folder).st_mode & 0o077:
        raise Refusal(f"{name} is open to somebody else (chmod 700 makes it private)")


def _checked(root: Path, destroys: bool) -> Path:
    """Where `root` really is; its own last part may be no link. Raises Refusal."""
    if not root.is_absolute() or ".." in root.parts or "\0" in str(root):
        raise Refusal(f"{root} cannot be a root of workspaces")
    path = root.parent.resolve() / root.name
    if len(path.parts) <= _DEPTH:
        raise Refusal(f"{root} is too close to / for a root of workspaces: {_DEPTH} folders, at least")
    for what, places in _protected(destroys).items():
        if any(place.resolve().is_relative_to(path) for place in places):
            raise Refusal(f"{root} is, or is around, {what}")
    if _is_mount_point(path):
        raise Refusal(f"{root} is where a file system is mounted; take a folder below it")
    return path


def _protected(destroys: bool) -> dict[str, tuple[Path, ...]]:
    return {
        "a home folder": (Path(pwd.getpwuid(os.geteuid()).pw_dir), Path.home()),
        "this program": (_PRODUCT,),
        "the folder that this is called in": (Path.cwd(),) if destroys else (),
    }


def _is_mount_point(path: Path) -> bool:
    known = {disk.mountpoint for disk in psutil.disk_partitions(all=True)}
    return str(path) in known or path.is_mount()


def _refuse_repository(place: int, root: Path) -> None:
    for name in (".git", "orchestrate.yaml"):
        with suppress(FileNotFoundError):
            os.stat(name, dir_fd=place, follow_symlinks=False)
            raise Refusal(f"{root} is a repository's own folder: it has {name}")


def _lock(place: int, patience: float) -> None:
    """The lock ends with its holder, however that ends."""
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise TimeoutError(errno.EBUSY, "another process makes or destroys workspaces here") from None
            time.sleep(0.02)
        else:
            return


def _key(place: int) -> bytes:
    """The secret of this root, made where there is none. Raises Refusal."""
    _make_key(place)
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        file = os.open(KEY, flags, dir_fd=place)
    except OSError as problem:
        raise Refusal(f"{KEY} of the root cannot be read ({problem.strerror})") from problem
    try:
        found = os.fstat(file)
        key = os.read(file, _KEY_BYTES + 1) if stat.S_ISREG(found.st_mode) else b""
    finally:
        os.close(file)
    is_private = found.st_uid == os.geteuid() and not found.st_mode & 0o077
    if not is_private or len(key) != _KEY_BYTES:
        raise Refusal(f"{KEY} of the root is no private key of ours")
    return key


def _make_key(place: int) -> None:
    """Written aside and renamed, under the lock: whoever finds a key finds all of it."""
    try:
        os.stat(KEY, dir_fd=place, follow_symlinks=False)
    except FileNotFoundError:
        aside = f"{KEY}.{uuid4().hex}"
        file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=place)
        with os.fdopen(file, "wb") as opened:
            opened.write(os.urandom(_KEY_BYTES))
        os.rename(aside, KEY, src_dir_fd=place, dst_dir_fd=place)
