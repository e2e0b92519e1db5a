"""The command line: what people type, and what it answers."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from orchestrate.cli.branch import Branch, page
from orchestrate.cli.tree import TREE


def main() -> NoReturn:
    """Run the command that the process was started with, and end with its exit code."""
    try:
        code = _ended(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:  # while modules were still being imported
        sys.stderr.write("\nstopped\n")
        code = 130
    except BrokenPipeError:
        code = 141
    if code == 141:  # nobody reads; the interpreter's own last flush must not complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _ended(words: list[str]) -> int:
    """A group's overview needs nothing but its own words; the rest is imported when it is asked for."""
    if not words or words[-1] in ("--help", "-h"):
        overview = _overview(words[:-1])
        if overview is not None:
            print(overview)
            return 0
    from orchestrate.cli.discretion import be_discreet
    from orchestrate.cli.entry import run

    be_discreet()
    return run(words)


def _overview(path: list[str]) -> str | None:
    """The page of the group at `path`; None for a command, or for nothing."""
    branch = TREE
    for name in path:
        member = branch.members.get(name)
        if not isinstance(member, Branch):
            return None
        branch = member
    return page(" ".join(["orchestrate", *path]), branch)
