"""Layout: where everything of an environment lives below its root."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path

from orchestrate.errors import EffectRefused

WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Layout:
    """The folders and files of one environment; no name leads out of the root.

    Whoever only looks makes no folder: a path need not exist, unless it says so.
    """

    root: Path

    def check(self) -> None:
        """Raise OSError unless the root can be written, or be made where it is not there yet."""
        root = self.root.resolve()
        nearest = next(place for place in (root, *root.parents) if place.exists())
        problem = errno.ENOTDIR if not nearest.is_dir() else errno.EACCES
        if problem == errno.ENOTDIR or not os.access(nearest, os.W_OK | os.X_OK):
            raise OSError(problem, os.strerror(problem), str(nearest))

    @property
    def home(self) -> Path:
        """The HOME of everything that is built or run; it is there."""
        return made(self._folder("home"))

    def releases(self, component: str) -> Path:
        return self._folder("releases", component)

    def instances(self, component: str) -> Path:
        return self._folder("instances", component)

    def slots(self, component: str) -> Path:
        return self._folder("slots", component)

    def slot(self, component: str, slot: str) -> Path:
        return self.slots(component) / f"{word(slot)}.json"

    def shares(self, component: str) -> Path:
        return self._folder("traffic") / f"{word(component)}.json"

    def lock(self, component: str) -> Path:
        """The file that is locked; its folder is there."""
        return made(self._folder("locks")) / f"{word(component)}.lock"

    def _folder(self, *names: str) -> Path:
        return self.root.resolve().joinpath(*(word(name) for name in names))


def made(folder: Path) -> Path:
    """The folder, which is there now, for its owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def word(name: str) -> str:
    """`name`, if it can be the name of a file and nothing else. Raises EffectRefused."""
    if not WORD.fullmatch(name):
        raise EffectRefused(f"a file for {name!r}", "it is no plain name")
    return name
