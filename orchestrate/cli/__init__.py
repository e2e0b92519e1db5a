"""The command line: what people type, and what it answers."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command that the process was started with, and end with its exit code."""
    try:
        sys.exit(_ended(sys.argv[1:]))
    except KeyboardInterrupt:  # while modules were still being imported
        sys.stderr.write("\nstopped\n")
        sys.exit(130)


def _ended(words: list[str]) -> int:
    """The overview needs nothing but its own words; everything else is imported when it is asked for."""
    if words in ([], ["--help"], ["-h"]):
        from orchestrate.cli.tree import TREE, page

        print(page("orchestrate", TREE))
        return 0
    from orchestrate.cli.entry import run

    return run(words)
