"""Conflicts: where a change and its base stand against each other, and what is proposed instead."""

from __future__ import annotations

from orchestrate.models.fact import Fact


class ConflictingFile(Fact):
    """A file that both sides changed, as the merge leaves it: with conflict marks."""

    path: str
    text: str


class Conflict(Fact):
    """What stands against merging a change."""

    head: str  # commit SHAs
    base: str
    files: tuple[ConflictingFile, ...] = ()
    beyond: str = ""  # what is more than two texts that differ: only a person can resolve it


class ResolvedFile(Fact):
    """One of those files, whole and without marks."""

    path: str
    text: str


class ResolveOrder(Fact):
    """A merge of head and base that somebody proposes for people to review."""

    change: str
    head: str
    base: str
    files: tuple[ResolvedFile, ...]
    body: str  # Markdown that says who proposes what

    @property
    def marker(self) -> str:
        """By which the same proposal is found again."""
        return f"resolve/{self.change}/{self.head}/{self.base}"
