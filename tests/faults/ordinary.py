"""`python -m tests.faults.ordinary ROOT KERNEL`: destroys workspaces with folders that their owner closed.

Nothing is closed to root: whoever starts this as root becomes nobody first, and ROOT is nobody's.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.faults.kernels import as_on
from tools.workspace import create, destroy

NOBODY = 65534
MODES = (0o000, 0o100, 0o200, 0o300, 0o400, 0o500, 0o600)


def main(root: Path, kernel: str) -> None:
    """Print how each attempt ended."""
    as_on(kernel)
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    for mode in MODES:
        folder = create(root)
        for inner in ("a/b/c", "a/d"):
            (folder / inner).mkdir(parents=True)
            (folder / inner / "file").write_text("x")
        for inner in ("a/b/c", "a/b", "a/d", "a"):
            (folder / inner).chmod(mode)
        said = destroy(root, folder)
        sys.stdout.write(f"{mode:o} {said.ending} {said.entries} {' '.join(said.problems)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
