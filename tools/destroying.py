"""Destroying: the workspace of what was deployed, removed through the door to effects."""

from __future__ import annotations

import asyncio
from pathlib import Path

from orchestrate.errors import OutsideFailed
from orchestrate.models.fact import Fact
from tools.executor import EffectClass, Write
from tools.workspace import Destroyed, destroy


class DestroyOrder(Fact):
    """Which workspace to destroy: its name or path, as the task names it."""

    workspace: str


def destroying(root: Path, deployment: str) -> Write[DestroyOrder, Destroyed]:
    """The tool that destroys a workspace of `root`, when it is `deployment`'s to destroy.

    An attempt that was cut short is made again: what is gone already is found gone.
    """

    async def act(order: DestroyOrder) -> Destroyed:
        said = await asyncio.to_thread(destroy, root, order.workspace, deployment)
        if not said.is_gone:
            raise OutsideFailed(str(said))
        return said

    return Write(
        name="destroy workspace",
        effect=EffectClass.NOTE,
        result=Destroyed,
        key=lambda order: order.workspace,
        act=act,
    )
