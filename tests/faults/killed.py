"""`python -m tests.faults.killed ROOT KERNEL`: destroys workspaces, killed one change later each time.

After each kill the next attempt finishes what was begun; how that ended is printed, one JSON array a line.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from itertools import count
from pathlib import Path

from tests.faults.kernels import as_on
from tools.workspace import create, destroy

CHANGES = ("mkdir", "rename", "rmdir", "unlink")


def main(root: Path, kernel: str) -> None:
    """Kill at every change that destroying makes, until an attempt lives to its end."""
    as_on(kernel)
    for allowed in count():
        folder = _filled(create(root))
        if (child := os.fork()) == 0:
            _die_after(allowed)
            destroy(root, folder)
            os._exit(0)
        was_killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        left = sum(len(names) for _, *inside in os.walk(root) for names in inside)
        said = destroy(root, folder)
        found = sorted(one.name for one in root.iterdir())
        sys.stdout.write(f"{json.dumps([said.ending, left, list(said.problems), found])}\n")
        if not was_killed:
            return


def _filled(folder: Path) -> Path:
    (folder / "a/b/c").mkdir(parents=True)
    (folder / "empty").mkdir()
    for name in ("one", "a/two", "a/b/three", "a/b/c/four"):
        (folder / name).write_text("x")
    (folder / "a/link").symlink_to("/")
    os.mkfifo(folder / "a/pipe")
    return folder


def _die_after(allowed: int) -> None:
    left = [allowed]
    for change in CHANGES:
        setattr(os, change, _counted(getattr(os, change), left))


def _counted(real: object, left: list[int]) -> object:
    def change(*words: object, **options: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*words, **options) if callable(real) else None

    return change


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
