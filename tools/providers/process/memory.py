"""Memory: what a process and its descendants hold. Standard library only: the supervisor imports it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tools.providers.process.identity import PS, output

MIB = 1024 * 1024


def resident(pid: int) -> float:
    """MiB in memory of `pid` and all its descendants; 0 when it is gone."""
    if sys.platform == "linux":
        return _resident_linux(pid) / MIB
    return _resident_by_ps(pid) / 1024


def _resident_linux(pid: int) -> int:
    total, todo = 0, [str(pid)]
    while todo:
        process = Path("/proc", todo.pop())
        try:
            total += int((process / "statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            for thread in (process / "task").iterdir():
                todo += (thread / "children").read_text().split()
        except (OSError, IndexError):
            continue
    return total


def _resident_by_ps(pid: int) -> int:
    listed = output([PS, "-A", "-o", "pid=,ppid=,rss="])
    rows = [tuple(map(int, line.split())) for line in listed.splitlines()]
    family, total = {pid}, 0
    for process, parent, kib in sorted(rows):
        if process in family or parent in family:
            family.add(process)
            total += kib
    return total
