"""Queueing: a forge's merge queue, and how a change leaves it that must not be merged any more."""

from __future__ import annotations

from typing import Protocol

from orchestrate.models.fact import Fact
from tools.executor import EffectClass, Write


class MergeQueue(Protocol):
    """Where a forge keeps what it will merge by itself, one after the other."""

    async def holds(self, change: str) -> bool:
        """Whether the change waits there to be merged. Raises UnknownChange."""
        ...

    async def leave(self, change: str) -> None:
        """Take it out; what is merged already stays merged. Raises OutsideFailed with the forge's reason."""
        ...

    async def dropped(self, change: str, since: float) -> str:
        """Who or what took it out after `since` (epoch seconds), so that nothing merges it; '' for nobody."""
        ...


class LeaveOrder(Fact):
    """Which change must not be merged any more, under which plan (SHA-256)."""

    change: str
    plan: str


def leaving(queue: MergeQueue) -> Write[LeaveOrder, LeaveOrder]:
    """The tool that takes a change out of the queue; what is not there has left it."""

    async def observe(order: LeaveOrder) -> LeaveOrder | None:
        return None if await queue.holds(order.change) else order

    async def act(order: LeaveOrder) -> LeaveOrder:
        await queue.leave(order.change)
        return order

    return Write(
        name="leave_queue",
        effect=EffectClass.NOTE,
        result=LeaveOrder,
        key=lambda order: f"{order.change}/{order.plan}",
        observe=observe,
        act=act,
    )


class MemoryQueue:
    """The twin of a merge queue: changes in memory."""

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.told: dict[str, str] = {}  # change → why it was taken out

    async def holds(self, change: str) -> bool:
        return change in self.waiting

    async def leave(self, change: str) -> None:
        self.waiting.remove(change)

    async def dropped(self, change: str, since: float) -> str:  # noqa: ARG002 - the port's words
        return "" if change in self.waiting else self.told.get(change, "")
