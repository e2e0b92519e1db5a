"""Merge: read a change, foresee its merge, make it, and see it on the base."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from orchestrate.models.change import (
    Change,
    ChangeRecord,
    Check,
    Commit,
    FileChange,
    Merged,
    MergeMethod,
    MergeOrder,
    NewChange,
    Preview,
    Review,
    Version,
)
from orchestrate.models.task import Label


class Forge(Protocol):
    """Where changes are reviewed and merged."""

    async def change(self, id: str) -> Change:
        """The change as it is now. Raises UnknownChange."""
        ...

    async def methods(self) -> tuple[MergeMethod, ...]:
        """What the repository allows, the customary one first."""
        ...

    async def preview(self, change: Change, method: MergeMethod) -> Preview:
        """What merging the head onto the base would give. Changes nothing."""
        ...

    async def merge(self, order: MergeOrder) -> Merged:
        """Merge exactly what was ordered: head, base and resulting tree are compared first, the base
        moves by compare-and-set, and never by force.

        Raises HeadMoved (head or base is another), MergeConflict, MergeRefused (the forge's reason).
        """
        ...

    async def merged(self, order: MergeOrder) -> Merged | None:
        """The merge that fulfils `order`, if the base branch already holds it."""
        ...


class Source(Protocol):
    """The repository's contents and history."""

    async def version(self, name: str) -> Version:
        """The commit a branch, tag or (short) SHA names, as it is now. Raises UnknownVersion, Unreachable."""
        ...

    async def known(self, commit: str) -> Version | None:
        """The version of a whole SHA as it was read before, without asking anybody; None where it was not."""
        ...

    async def files(self, change: Change) -> tuple[FileChange, ...]:
        """What the change touches, against the merge base."""
        ...

    async def checkout(self, version: Version, into: Path, only: str = ".") -> None:
        """Write the files of `version` (`only`: what is below that folder) into the empty folder `into`.

        Paths stay those of the repository; no `.git`, no hooks, no links out. The tree counts: before a
        merge a version is its head's commit with the tree that the merge will give.
        """
        ...

    async def contains(self, version: str, commit: str) -> bool:
        """Whether `commit` is `version` or an ancestor of it."""
        ...

    async def log(self, since: str | None, until: str, limit: int = 50) -> tuple[Commit, ...]:
        """Commits that `until` has and `since` has not, newest first."""
        ...


class Diffs(Protocol):
    """Shows what changes do."""

    async def diff(self, change: Change) -> str:
        """What the change does against the merge base, line by line, as far as it is shown."""
        ...


class Reverts(Protocol):
    """Prepares the way back for a base branch that holds a bad change (R7)."""

    async def revert(self, commit: str, reason: str, marker: str) -> Change:
        """A change, open for review, that takes `commit` back; the same marker gives the same change."""
        ...


class ChangeRecords(Protocol):
    """What the built-in forge remembers about changes; synchronous, like the store that keeps it."""

    def add(self, new: NewChange) -> ChangeRecord:
        """Record a change under an id of its own; a non-empty marker that is known gives that record."""
        ...

    def record(self, id: str) -> ChangeRecord:
        """One record. Raises UnknownChange."""
        ...

    def all(self) -> tuple[ChangeRecord, ...]:
        """Every record, oldest first."""
        ...

    def review(self, id: str, review: Review) -> None:
        """Keep a verdict; a person's newest stands. Raises UnknownChange."""
        ...

    def check(self, id: str, check: Check) -> None:
        """Keep a result; the newest of the same name and SHA stands. Raises UnknownChange."""
        ...

    def label(self, id: str, label: Label) -> None:
        """Put a label; the same name by the same person stands once. Raises UnknownChange."""
        ...

    def merged(self, id: str, commit: str) -> None:
        """Remember the commit that merged it. Raises UnknownChange."""
        ...
