"""Cases: at which of its writes a process is killed, and at which of its own the one that recovers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

ONLY_TOLD = (
    *("anchor", "before os.remove store.audit", "before os.rename store.audit"),
    *("events.", "logs.", "watches.", "leases.release", "deployments.entered", "positions.put_"),
)
"""Writes that only tell or measure, or that another one stands right beside: they are no moments."""

Case = tuple[int, ...]
"""The number of the first process's last write, and that of the second one's, if that is killed as well."""


def is_moment(what: str) -> bool:
    """Whether it is a write around an effect, a checkpoint, an answer, a claim, a lock, a file or an end."""
    return not what.startswith(ONLY_TOLD)


@dataclass
class Way:
    """How far a life has come; `parts_at` is the first write that it does not share with other scenes."""

    parts_at: str
    is_own: bool = False

    def is_own_moment(self, what: str) -> bool:
        """Go on to this write: whether it is a moment, and no other scene has it just so."""
        self.is_own = self.is_own or self.parts_at in what
        return self.is_own and is_moment(what)


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
        is_own = way.is_own_moment(what)
        return number in self.only[1:] if self.only else self.pairs and is_own

    def _firsts(self, passed: Sequence[str], way: Way) -> Iterator[int]:
        for number, what in enumerate(passed, 1):
            is_own = way.is_own_moment(what)
            if is_own or self.every_write or (self.pairs and is_moment(what)):
                yield number
