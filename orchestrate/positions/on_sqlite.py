"""Positions in a SQLite file beside the store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.serde.types import RESUME
from langgraph.checkpoint.sqlite import SqliteSaver

from orchestrate.positions.bound import Bound

THREADS = "SELECT DISTINCT thread_id FROM checkpoints"
KEPT = WRITES_IDX_MAP.keys() - {RESUME}

VERSION_DIGITS = 6
"""Far more than a deployment has steps."""


class _AtOnce(SqliteSaver):
    """LangGraph's saver for SQLite, called as the store is: on the event loop, in short transactions.

    What a step wrote is written with the position that follows it, and not before that on its own. Waits and
    errors, which no position follows, are written at once. Answers are in the store, and come again.
    """

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return self.get_tuple(config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        for one in self.list(config, filter=filter, before=before, limit=limit):
            yield one

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        return self.put(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        if any(channel in KEPT for channel, _ in writes):
            self.put_writes(config, writes, task_id, task_path)

    def get_next_version(self, current: str | None, channel: None) -> str:
        """A short text: LangGraph's own also tells branches of a thread apart, and ours has none.

        A thread that was begun with long ones goes on with them, because versions are compared as texts.
        """
        if current is not None and len(current) > VERSION_DIGITS:
            return super().get_next_version(current, channel)
        return f"{int(current or 0) + 1:0{VERSION_DIGITS}}"

    async def adelete_thread(self, thread_id: str) -> None:
        self.delete_thread(thread_id)


class SqlitePositions(Bound, _AtOnce):
    """One sealed row for each position, and one for each wait."""

    async def threads(self) -> tuple[str, ...]:
        return tuple(row[0] for row in self.conn.execute(THREADS))
