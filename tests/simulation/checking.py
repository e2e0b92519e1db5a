"""Checking one seed: its run, and every invariant of it."""

from __future__ import annotations

from tests.simulation.invariants import violated
from tests.simulation.simulation import run

REPLAY = "replay it, with its trace: make simulate SEED={seed}"


def checked(seed: int) -> tuple[int, list[str]]:
    """The seed, and what does not hold of it; an exception is told as one."""
    try:
        return seed, violated(run(seed))
    except Exception as problem:  # noqa: BLE001 - it belongs to this seed, and the others go on
        return seed, [f"{type(problem).__name__}: {problem}"]
