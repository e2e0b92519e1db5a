"""Resolving: a change, prepared for review, that merges another with its base; prepared once."""

from __future__ import annotations

from typing import Protocol

from orchestrate.models.change import Change
from orchestrate.models.conflict import Conflict, ResolveOrder
from tools.executor import EffectClass, Write


class Conflicts(Protocol):
    """Where changes conflict, and where a resolution is put for people to review."""

    async def conflict(self, change: Change) -> Conflict:
        """Where the change's head and its base stand against each other. Changes nothing."""
        ...

    async def resolved(self, order: ResolveOrder) -> Change | None:
        """The change that was opened for this order, if there is one."""
        ...

    async def resolve(self, order: ResolveOrder) -> Change:
        """A change of a branch of its own, open for review, that merges head and base as ordered.

        The same order gives the same change. The base and the change's own branch stay as they are. Raises
        HeadMoved (the change has another head), MergeRefused (it is no resolution, or cannot be put there).
        """
        ...


def resolving(conflicts: Conflicts) -> Write[ResolveOrder, Change]:
    """The tool that prepares a resolution."""
    return Write(
        name="resolve",
        effect=EffectClass.NOTE,
        result=Change,
        key=lambda order: f"{order.change}/{order.head}/{order.base}",
        observe=conflicts.resolved,
        act=conflicts.resolve,
    )
