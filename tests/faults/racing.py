"""Processes that begin at the same moment."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from multiprocessing.context import ForkProcess
from multiprocessing.synchronize import Barrier

FORK = multiprocessing.get_context("fork")
PATIENCE = 60.0  # seconds

Racer = Callable[[Barrier], object]
"""Gets ready, meets the others, and runs."""


def race(*racers: Racer) -> None:
    """Each in a process of its own, until all are through."""
    with running(racers) as processes:
        for one in processes:
            one.join(PATIENCE)
        assert [one.exitcode for one in processes] == [0] * len(racers)


@contextmanager
def running(racers: Sequence[Racer]) -> Generator[list[ForkProcess]]:
    """Each in a process of its own; who still runs in the end is ended."""
    meeting = FORK.Barrier(len(racers))
    processes = [FORK.Process(target=one, args=(meeting,)) for one in racers]
    for one in processes:
        one.start()
    try:
        yield processes
    finally:
        for one in processes:
            if one.is_alive():
                one.kill()
            one.join()


def meet(others: Barrier) -> None:
    """Go on when all are here."""
    others.wait(PATIENCE)
