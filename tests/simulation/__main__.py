"""`python -m tests.simulation`: run seeds, or replay one with its trace."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time

from tests.simulation.checking import REPLAY, checked
from tests.simulation.invariants import violated
from tests.simulation.simulation import run


def main(words: list[str]) -> int:
    """Exit code 1 when an invariant does not hold."""
    asked = argparse.ArgumentParser(prog="python -m tests.simulation")
    asked.add_argument("--seeds", type=int, default=200, help="so many, one after the other")
    asked.add_argument("--first", type=int, default=0, help="begin with this one")
    asked.add_argument("--seed", type=int, help="replay this one, and print its trace")
    asked.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes side by side")
    chosen = asked.parse_args(words)
    if chosen.seed is not None:
        return _replayed(chosen.seed)
    return _all(range(chosen.first, chosen.first + chosen.seeds), chosen.jobs)


def _replayed(seed: int) -> int:
    record = run(seed)
    found = violated(record)
    sys.stdout.write("\n".join([*record.trace, *(f"VIOLATED {one}" for one in found)]) + "\n")
    return int(bool(found))


def _all(seeds: range, jobs: int) -> int:
    began, failed = time.monotonic(), 0
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for seed, found in pool.imap_unordered(checked, seeds):
            failed += bool(found)
            for one in found:
                sys.stdout.write(f"seed {seed}: {one}\n")
            if found:
                sys.stdout.write(f"{REPLAY.format(seed=seed)}\n")
                sys.stdout.flush()
    seconds = time.monotonic() - began
    sys.stdout.write(f"{len(seeds)} seeds from {seeds.start}, {failed} failed, {seconds:.0f} s\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
