"""Ignored: what a .dockerignore keeps out of a build, by Docker's rules: the last line that fits counts."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

FILE = ".dockerignore"


@dataclass(frozen=True)
class Ignored:
    """The lines of a .dockerignore: what each fits, and whether it hides or shows that."""

    rules: tuple[tuple[re.Pattern[str], bool], ...]
    kept: frozenset[str]  # which the engine needs itself

    @classmethod
    def of(cls, folder: Path, dockerfile: str) -> Ignored:
        file = folder / FILE
        lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
        words = (line.strip() for line in lines if line.strip() and not line.startswith("#"))
        return cls(tuple(_rule(one) for one in words), frozenset({dockerfile, FILE}))

    def hides(self, name: str) -> bool:
        """Whether the file `name`, relative to the folder, is kept out."""
        if name in self.kept:
            return False
        is_hidden = False
        for pattern, hides in self.rules:
            if pattern.fullmatch(name):
                is_hidden = hides
        return is_hidden


def _rule(line: str) -> tuple[re.Pattern[str], bool]:
    shows = line.startswith("!")
    name = posixpath.normpath(line.lstrip("!").strip()).strip("/")
    return re.compile(f"{_pattern(name)}(/.*)?", re.DOTALL), not shows


def _pattern(name: str) -> str:
    found, at = "", 0
    while at < len(name):
        if name.startswith("**/", at):
            found, at = f"{found}(.*/)?", at + 3
        elif name.startswith("**", at):
            found, at = f"{found}.*", at + 2
        else:
            one = {"*": "[^/]*", "?": "[^/]"}.get(name[at])
            found, at = found + (one or re.escape(name[at])), at + 1
    return found
