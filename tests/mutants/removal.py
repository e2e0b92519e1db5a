"""One guard taken out of a copy of the code, and the tests that must notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT = 600.0
"""Seconds for the witnesses of one guard."""

NOTICED = 1
"""pytest's exit code when a test failed; whatever else it says is no proof."""


@dataclass(frozen=True)
class Removal:
    """Where a guard stands in its file (bytes), what takes its place, and the tests that must notice."""

    guard: str
    file: str
    start: int
    end: int
    instead: str
    witness: str

    def written_into(self, tree: Path) -> None:
        """Take the guard out of the copy in `tree`."""
        text = (ROOT / self.file).read_bytes()
        (tree / self.file).write_bytes(text[: self.start] + self.instead.encode() + text[self.end :])


@dataclass(frozen=True)
class Found:
    """What the witnesses did when the guard was gone."""

    removal: Removal
    noticed: bool
    said: str


class Copy:
    """A copy of the code as it stands, in which one guard at a time is missing."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        for name in _files():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)

    def without(self, removal: Removal) -> Found:
        """Run the witnesses where the guard is missing; afterwards it is there again."""
        removal.written_into(self.tree)
        try:
            return self._run(removal)
        finally:
            shutil.copy2(ROOT / removal.file, self.tree / removal.file)

    def _run(self, removal: Removal) -> Found:
        words = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "--tb=line", *removal.witness.split()]
        environment = {**os.environ, "PYTHONPATH": str(self.tree)}
        try:
            ended = subprocess.run(
                words, cwd=self.tree, env=environment, capture_output=True, text=True, timeout=LIMIT
            )
        except subprocess.TimeoutExpired:
            return Found(removal, noticed=False, said=f"no end after {LIMIT:.0f} s")
        return Found(removal, noticed=ended.returncode == NOTICED, said=ended.stdout[-2000:])


def _files() -> list[str]:
    """What git keeps or would keep."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [name for name in told.split("\0") if name and (ROOT / name).is_file()]
