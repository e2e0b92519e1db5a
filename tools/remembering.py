"""Remembering: what was learnt by deploying, kept for the next time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from orchestrate.models.learning import Learning, Topic
from tools.executor import EffectClass, Write

MOST = 5
"""Learnings that are recalled about one topic."""


class Memory(Protocol):
    """Where learnings are kept."""

    async def known(self, learning: Learning) -> bool:
        """Whether one with its key is kept already."""
        ...

    async def remember(self, learning: Learning) -> None:
        """Keep it."""
        ...

    async def recall(self, topic: Topic) -> tuple[Learning, ...]:
        """At most MOST about the topic's files, in the same service and environment, newest first."""
        ...

    async def all(self) -> tuple[Learning, ...]:
        """Everything of ours that is kept, newest first."""
        ...

    async def forget(self, key: str, reason: str) -> None:
        """Recall it no more; nothing where nothing has this key."""
        ...


def remembering(memory: Memory) -> Write[Learning, Learning]:
    """The tool that keeps a learning, once."""

    async def observe(learning: Learning) -> Learning | None:
        return learning if await memory.known(learning) else None

    async def act(learning: Learning) -> Learning:
        await memory.remember(learning)
        return learning

    return Write(
        name="remember",
        effect=EffectClass.NOTE,
        result=Learning,
        key=lambda learning: learning.key,
        observe=observe,
        act=act,
    )


class MemoryInMind:
    """The twin: learnings in memory."""

    def __init__(self) -> None:
        self.kept: list[Learning] = []

    async def known(self, learning: Learning) -> bool:
        return any(one.key == learning.key for one in self.kept)

    async def remember(self, learning: Learning) -> None:
        if not await self.known(learning):
            self.kept.append(learning)

    async def recall(self, topic: Topic) -> tuple[Learning, ...]:
        return about(topic, self.kept)

    async def all(self) -> tuple[Learning, ...]:
        return newest_first(self.kept)

    async def forget(self, key: str, reason: str) -> None:  # noqa: ARG002  the audit keeps it
        self.kept[:] = [one for one in self.kept if one.key != key]


def about(topic: Topic, kept: list[Learning]) -> tuple[Learning, ...]:
    """Those of `kept` that the topic asks for."""
    files = {*topic.files}
    found = [
        one
        for one in kept
        if (one.service, one.environment) == (topic.service, topic.environment) and files & {*one.files}
    ]
    return newest_first(found)[:MOST]


def newest_first(kept: Iterable[Learning]) -> tuple[Learning, ...]:
    """In the order in which they are told."""
    return tuple(sorted(kept, key=lambda one: (-one.at, one.key)))
