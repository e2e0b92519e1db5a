"""Identity: which process a pid means, so that a recycled pid is never taken for ours.

Standard library only: the supervisor imports it.
"""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

PS = "/bin/ps"
SYSCTL = "/usr/sbin/sysctl"
NO_VARIABLES = {"LC_ALL": "C"}  # whoever asks, in whatever language or time zone, reads the same words


class Identity(NamedTuple):
    """One process for ever: its pid, when it started (in the system's unit), and in which boot."""

    pid: int
    started: str
    boot: str


def identity_of(pid: int) -> Identity | None:
    """Who has this pid now; None when nobody runs under it (a zombie runs no more)."""
    started = _started_linux(pid) if sys.platform == "linux" else _started_by_ps(pid)
    return Identity(pid, started, boot_id()) if started else None


def is_alive(identity: Identity | None) -> bool:
    return identity is not None and identity_of(identity.pid) == identity


def send(identity: Identity, number: int) -> bool:
    """Signal exactly this process; False when it is gone."""
    try:
        handle = os.pidfd_open(identity.pid) if sys.platform == "linux" else None
    except OSError:
        handle = None
    try:
        if not is_alive(identity):
            return False
        if sys.platform == "linux" and handle is not None:
            signal.pidfd_send_signal(handle, number)
        else:
            os.kill(identity.pid, number)
    except ProcessLookupError:
        return False
    finally:
        if handle is not None:
            os.close(handle)
    return True


def send_to_group(leader: Identity, number: int) -> bool:
    """Signal the process group that `leader` leads; False when the leader is gone or leads none."""
    try:
        if not is_alive(leader) or os.getpgid(leader.pid) != leader.pid:
            return False
        os.killpg(leader.pid, number)
    except ProcessLookupError:
        return False
    return True


@functools.cache
def boot_id() -> str:
    """What tells this run of the machine from every other."""
    if sys.platform == "linux":
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return output([SYSCTL, "-n", "kern.bootsessionuuid"]) or output([SYSCTL, "-n", "kern.boottime"])


def _started_linux(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return ""
    fields = stat[stat.rindex(b")") + 2 :].split()
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()  # field 22, counted from 1


def _started_by_ps(pid: int) -> str:
    state, _, started = output([PS, "-o", "stat=,lstart=", "-p", str(pid)]).partition(" ")
    return "" if state.startswith("Z") else "_".join(started.split())


def output(argv: list[str]) -> str:
    """What a program of the system says; '' where it does not answer."""
    try:
        done = subprocess.run(
            argv,
            env=NO_VARIABLES,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=5,
            start_new_session=True,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()
