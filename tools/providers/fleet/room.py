"""Room: whether this machine has memory for what is to start beside what runs (G10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from orchestrate.models.environment import Component, Strategy
from orchestrate.models.runtime import Resources, Running

MIB = 1024 * 1024
UNTOLD = "no memory_limit, and no instance of which its memory could be measured"


@dataclass(frozen=True)
class Need:
    """Instances that are to run beside those that run, and what each may take."""

    component: str
    instances: int
    memory: float | None  # MiB; None: nobody can tell


def more(part: Component, strategy: Strategy) -> int:
    """How many instances run beside the old ones."""
    few = {Strategy.RECREATE: 0, Strategy.ROLLING: 1}
    return few.get(strategy, part.instances)


def need(part: Component, strategy: Strategy, running: Running) -> Need:
    """What is started beside what runs; each as large as it may get, or else as the largest is now."""
    taken = [one.memory for slot in running.slots for one in slot.instances if one.memory]
    count = more(part, strategy) if running.live else part.instances
    return Need(part.name, count, part.memory_limit or max(taken, default=None))


def free() -> float:
    """MiB of this machine that nothing needs."""
    return psutil.virtual_memory().available / MIB


def with_room(full: Resources, wanted: Sequence[Need], free: float) -> Resources:
    """How full the place is, and who finds no room in `free` MiB; the greatest are placed first."""
    known = [(one, one.memory) for one in wanted if one.memory is not None]
    untold = [f"{one.component}: {UNTOLD}" for one in wanted if one.instances and one.memory is None]
    left, lacks = free, list[str]()
    for one, memory in sorted(known, key=lambda pair: -pair[1]):
        placed = min(one.instances, int(left // memory))
        left -= placed * memory
        if placed < one.instances:
            lacks.append(
                f"{one.instances - placed} more of {one.component} find no room on this machine: "
                f"{memory:.0f} MiB each, {left:.0f} MiB are free"
            )
    return full.model_copy(update={"lacks": tuple(lacks), "untold": tuple(untold), "headroom": not untold})
