"""Usage: what an instance and its descendants take of the machine, and how full the machine is."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from orchestrate.models.runtime import Resources
from tools.providers.process.identity import Identity, is_alive
from tools.providers.process.memory import resident

LOOK = 0.1  # seconds over which the machine's CPU is measured


class Usage:
    """Remembers the last look, so that the CPU of the time in between can be told."""

    def __init__(self) -> None:
        self._last: dict[Identity, tuple[float, float]] = {}  # time, CPU seconds so far

    def of(self, child: Identity) -> tuple[float | None, float | None]:
        """Percent of one core since the last look (the first time: since the start), and MiB."""
        try:
            family = [process := psutil.Process(child.pid), *process.children(recursive=True)]
            spent = sum(_seconds(one) for one in family)
            began = process.create_time()
        except psutil.Error:
            return None, None
        if not is_alive(child):
            return None, None
        then, before = self._last.get(child, (began, 0.0))
        now = time.time()
        self._last[child] = (now, spent)
        return max(0.0, 100 * (spent - before) / max(now - then, 0.01)), resident(child.pid)

    def forget_the_dead(self) -> None:
        self._last = {one: last for one, last in self._last.items() if is_alive(one)}


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system


def resources(root: Path) -> Resources:
    """How full the disk that holds `root`, the memory and the CPU of this machine are, in percent."""
    place = next(folder for folder in (root.resolve(), *root.resolve().parents) if folder.exists())
    return Resources(
        disk=psutil.disk_usage(str(place)).percent,
        memory=psutil.virtual_memory().percent,
        cpu=psutil.cpu_percent(interval=LOOK),
    )
