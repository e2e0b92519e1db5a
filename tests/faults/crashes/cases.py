"""Cases: at which of its writes a process is killed, and at which of its own the one that recovers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CHECKPOINT = "positions.put"
LEASE = "leases.take"
BESIDE = re.compile(
    r"anchor|events|logs|watches|leases\.release|deployments\.(planned|entered|waits)|positions\.put_writes"
    r"|outbox\.(renew|release|failed|hurry)"
    r"|(before|after) os\.\w+ (store\.audit|\.orchestrate|\S+\.(json|md)\.new|\S+\.part)"
)
"""Writes that only tell, measure or announce, right beside another one: they are no moments."""

Case = tuple[int, ...]
"""The number of the first process's last write, and that of the second one's, if that is killed as well."""


@dataclass
class Way:
    """How far a life has come; `parts_at` is the first write that it does not share with other scenes."""

    parts_at: str
    is_own: bool = False
    has_done: bool = False  # something since the last checkpoint

    def is_moment(self, what: str) -> bool:
        """Go on to this write, one around an effect, an answer, a claim, a lock, a file or an end.

        A checkpoint is a moment when it is the one after something that was done.
        """
        self.is_own = self.is_own or self.parts_at in what
        if what == CHECKPOINT:
            is_moment, self.has_done = self.has_done, False
        else:
            is_moment = not BESIDE.match(what)
            self.has_done = self.has_done or (is_moment and what != LEASE)
        return is_moment


@dataclass(frozen=True)
class Cases:
    """Which are played: single ends at moments or at every write, all pairs of moments, or `only` one."""

    pairs: bool = False
    every_write: bool = False
    only: Case = ()

    def firsts(self, passed: Sequence[str], parts_at: str) -> Sequence[int]:
        """Where the first process is killed, of all the writes that the undisturbed twin passed."""
        return self.only[:1] or [*self._firsts(passed, Way(parts_at))]

    def is_second(self, number: int, what: str, way: Way) -> bool:
        """Whether the second process is killed at this write, too; to be asked at each, one after another.

        Where both would be killed before the ways part, another scene has this pair.
        """
        is_moment = way.is_moment(what)
        return number in self.only[1:] if self.only else self.pairs and is_moment and way.is_own

    def _firsts(self, passed: Sequence[str], way: Way) -> Iterator[int]:
        for number, what in enumerate(passed, 1):
            if (way.is_moment(what) and (way.is_own or self.pairs)) or self.every_write:
                yield number
