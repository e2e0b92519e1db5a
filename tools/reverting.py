"""Reverting: a change, prepared for review, that takes a bad one back; prepared once."""

from __future__ import annotations

from orchestrate.models.change import Change
from orchestrate.models.fact import Fact
from tools.executor import EffectClass, Write
from tools.merge import Reverts


class RevertOrder(Fact):
    """Which commit to take back, and why."""

    commit: str
    reason: str


def reverting(reverts: Reverts) -> Write[RevertOrder, Change]:
    """The tool that prepares a revert; the forge finds one that it has already by its marker."""

    async def act(order: RevertOrder) -> Change:
        return await reverts.revert(order.commit, order.reason, f"revert/{order.commit}")

    return Write(
        name="revert",
        effect=EffectClass.NOTE,
        result=Change,
        key=lambda order: order.commit,
        act=act,
    )
