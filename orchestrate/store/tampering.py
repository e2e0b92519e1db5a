"""Tampering: what was done to a chain, told from the first place where it does not hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrate.models.audit import GENESIS, Broken, Damage
from orchestrate.store.chain import digest

FARTHEST = 1000
"""So many missing entries are seen through a renumbering."""


@dataclass(frozen=True)
class Line:
    """One row of the audit, as it stands there."""

    seq: int
    previous: bytes
    deployment: str
    event: str
    hash: bytes

    @property
    def is_sound(self) -> bool:
        """Whether the hash is that of the rest."""
        return self.was(self.seq)

    def was(self, seq: int) -> bool:
        """Whether this was written as the entry of that number."""
        return self.hash == digest(seq, self.previous, self.deployment, self.event)

    def follows(self, last: Line) -> bool:
        """Whether this is what was written after `last`."""
        return self.seq == last.seq + 1 and self.previous == last.hash and self.is_sound


BEGINNING = Line(0, b"", "", "", GENESIS)
"""What stands before the first entry."""


def named(last: Line, line: Line, after: Sequence[Line], hash_of: Callable[[int], bytes | None]) -> Broken:
    """What was done, where all holds up to `last`, and `line` does not follow it; `after` is the rest.

    `hash_of` gives the hash that stands under a number.
    """
    expected = last.seq + 1
    is_elsewhere = any(one.previous == last.hash and one.was(expected) for one in after)
    if line.seq != expected:
        return _gap(expected, line, is_elsewhere=is_elsewhere)
    if line.is_sound:  # it is as it was written, and so the one before it is not
        return _flipped(max(last.seq, 1))
    home = _home(line, after)
    if home is None:
        return inserted(expected) if is_elsewhere else _flipped(expected)
    if home > expected:
        return _reordered(expected, home) if is_elsewhere else _deleted(expected, home)
    is_copy = hash_of(home) == line.hash
    return inserted(expected if is_copy else home)


def inserted(seq: int) -> Broken:
    """Somebody else's entry."""
    return Broken(seq=seq, damage=Damage.INSERT, words=f"entry {seq} was put in by somebody else")


def _gap(expected: int, line: Line, *, is_elsewhere: bool) -> Broken:
    if is_elsewhere:
        return _reordered(expected, line.seq)
    return _deleted(expected, line.seq) if line.is_sound else inserted(line.seq)


def _home(line: Line, after: Sequence[Line]) -> int | None:
    """The number under which the line was written, wherever it stands now."""
    end = (after[-1].seq if after else line.seq) + FARTHEST
    return next((seq for seq in range(1, end) if line.was(seq)), None)


def _flipped(seq: int) -> Broken:
    return Broken(seq=seq, damage=Damage.FLIP, words=f"entry {seq} was changed after it was written")


def _deleted(first: int, next: int) -> Broken:
    which = f"entry {first} is" if next == first + 1 else f"entries {first} to {next - 1} are"
    return Broken(seq=first, damage=Damage.DELETION, words=f"{which} missing")


def _reordered(seq: int, other: int) -> Broken:
    return Broken(seq=seq, damage=Damage.REORDER, words=f"entry {other} stands where {seq} was written")
