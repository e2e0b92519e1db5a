"""`python -m prompts check`: can every prompt be used? `deployer-agent` prints Claude Code's."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from orchestrate.errors import PromptInvalid
from prompts import FOLDER, names, problems
from prompts.claude_code import deployer_agent

USAGE = "usage: python -m prompts check [FOLDER] | deployer-agent [plugin]\n"


def main(words: Sequence[str]) -> int:
    """0: fine; 1: the problems, each with its file and line, are on stderr; 2: not understood."""
    match words:
        case ["check"]:
            return _check(FOLDER)
        case ["check", folder]:
            return _check(Path(folder))
        case ["deployer-agent"]:
            return _deployer_agent(in_plugin=False)
        case ["deployer-agent", "plugin"]:
            return _deployer_agent(in_plugin=True)
        case _:
            sys.stderr.write(USAGE)
            return 2


def _check(folder: Path) -> int:
    found = problems(folder)
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    if not names(folder):
        sys.stderr.write(f"{folder} holds no prompts\n")
        return 1
    if not found:
        sys.stdout.write(f"{len(names(folder))} prompts are fine\n")
    return 1 if found else 0


def _deployer_agent(*, in_plugin: bool) -> int:
    try:
        sys.stdout.write(deployer_agent(in_plugin=in_plugin))
    except PromptInvalid as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
