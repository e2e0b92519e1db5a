"""`python -m tests.faults.swapping ROOT OUTSIDE ROUNDS`: turns folders into links, as fast as it can.

Whatever is called `d…` in a workspace or in the trash, the workspaces themselves, and the trash are moved
aside, replaced by a link to OUTSIDE, and put back. It ends after ROUNDS swaps.
"""

# As few steps as possible between one name and the next.
# ruff: noqa: PTH104, PTH108, PTH208, PTH211

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import cycle


def main(root: str, outside: str, rounds: int) -> None:
    """Swap until it was done `rounds` times."""
    done = 0
    inner = cycle([f"d{index}" for index in range(8)])
    while done < rounds:
        for victim in _victims(root, inner):
            done += _swapped(victim, outside)


def _victims(root: str, inner: Iterator[str]) -> Iterator[str]:
    trash = f"{root}/.trash"
    for name in _names(root):
        if name.startswith("ws-"):
            yield from (f"{root}/{name}/{next(inner)}" for _ in range(4))
            yield f"{root}/{name}"
    for name in _names(trash):
        yield from (f"{trash}/{name}", f"{trash}/{name}/{next(inner)}")
    yield trash


def _swapped(victim: str, outside: str) -> int:
    aside = f"{victim}.aside"
    try:
        os.rename(victim, aside)
        os.symlink(outside, victim)
        os.unlink(victim)
    except OSError:
        return 0
    finally:
        _put_back(aside, victim)
    return 1


def _put_back(aside: str, victim: str) -> None:
    try:
        os.rename(aside, victim)
    except OSError:
        return


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
