"""Merging: exactly the approved head onto the approved base, once, and seen afterwards."""

from __future__ import annotations

from orchestrate.models.change import Merged, MergeOrder
from tools.executor import EffectClass, Write
from tools.merge import Forge


def merging(forge: Forge) -> Write[MergeOrder, Merged]:
    """The tool that merges a change."""
    return Write(
        name="merge",
        effect=EffectClass.CHANGE,
        result=Merged,
        key=lambda order: f"{order.change}/{order.head}",
        observe=forge.merged,
        act=forge.merge,
    )
