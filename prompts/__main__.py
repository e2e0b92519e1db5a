"""`python -m prompts check`: whether every prompt can be used; exit 1 names file and line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from prompts import FOLDER, names, problems


def main(words: Sequence[str]) -> int:
    """0: all prompts are fine; 1: the problems are on stderr; 2: not understood."""
    if not words or words[0] != "check" or len(words) > 2:
        sys.stderr.write("usage: python -m prompts check [FOLDER]\n")
        return 2
    folder = Path(words[1]) if len(words) == 2 else FOLDER
    found = problems(folder)
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    if not found:
        sys.stdout.write(f"{len(names(folder))} prompts are fine\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
