"""Occupants: the processes of ours that live in a folder, ended without ever trusting a bare pid."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

GRACE = 2.0  # seconds between asking a process to end and ending it
_ROUNDS = 3  # looks: what is asked to end may have started others meanwhile
_AGAIN = 0.02


class StillThere(Exception):
    """Processes that live in the folder and cannot be ended."""

    def __init__(self, who: Sequence[str], why: str) -> None:
        super().__init__(f"{', '.join(who)} {why}")


def end_occupants(folder: Path, grace: float = GRACE) -> tuple[str, ...]:
    """End every process of ours that works in `folder` or holds a file of it open; their names.

    Only processes of this user are looked at. Raises StillThere, before anything is ended, when this
    program or one that started it works there; and when one does not end.
    """
    family = [psutil.Process(), *psutil.Process().parents()]
    inside = [one for one in family if _is_below(_cwd(one), folder)]
    if inside:
        raise StillThere([named(one) for one in inside], "started this, and works in it")
    ended: list[str] = []
    for _ in range(_ROUNDS):
        found = [one for one in occupants(folder) if one not in family]
        if not found:
            return tuple(ended)
        ended += [name for name in map(named, found) if name not in ended]
        _end(found, grace)
    left = [one for one in occupants(folder) if one not in family]
    if left:
        raise StillThere([named(one) for one in left], "does not end")
    return tuple(ended)


def occupants(folder: Path) -> list[psutil.Process]:
    """The processes of this user whose working folder, program or open files are in `folder`."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            is_ours = process.uids()[:2] == (os.getuid(), os.geteuid())
            if is_ours and any(_is_below(place, folder) for place in _places(process)):
                found.append(process)
    return found


def named(process: psutil.Process) -> str:
    """A process in an operator's words: its program and its pid."""
    try:
        return f"{process.name()} ({process.pid})"
    except psutil.Error:
        return f"process {process.pid}"


def _end(processes: Sequence[psutil.Process], grace: float) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            _send(process, number)
        until = time.monotonic() + grace
        while any(map(_runs, processes)) and time.monotonic() < until:
            time.sleep(_AGAIN)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    """Signal exactly this process: opened by its pid first, then compared by the time of its start."""
    if sys.platform != "linux":
        with suppress(psutil.Error):
            process.send_signal(number)
        return
    try:
        handle = os.pidfd_open(process.pid)
    except OSError:
        return
    try:
        if process.is_running():
            with suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(handle, number)
    finally:
        os.close(handle)


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _places(process: psutil.Process) -> Iterator[str]:
    """Where a process works, and what it holds open; what may not be seen is left out."""
    yield _cwd(process)
    if sys.platform == "linux":
        own = Path(f"/proc/{process.pid}")
        yield _link(own / "exe")
        yield _link(own / "root")
        with suppress(OSError):
            for descriptor in (own / "fd").iterdir():
                yield _link(descriptor)
        return
    with suppress(psutil.Error):
        yield process.exe()
    with suppress(psutil.Error):
        yield from (file.path for file in process.open_files())


def _cwd(process: psutil.Process) -> str:
    with suppress(psutil.Error, OSError):
        return process.cwd()
    return ""


def _link(path: Path) -> str:
    with suppress(OSError):
        return str(path.readlink())
    return ""


def _is_below(place: str, folder: Path) -> bool:
    return place == str(folder) or place.startswith(f"{folder}/")
