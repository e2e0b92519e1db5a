"""Bound savers: every read and write of a position names the deployment that it belongs to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)

from orchestrate.errors import SealBroken
from orchestrate.positions.serializer import belonging_to


class Bound(BaseCheckpointSaver[str]):
    """Stands before a saver of LangGraph's."""

    async def threads(self) -> tuple[str, ...]:
        """The deployments that have a position here."""
        raise NotImplementedError

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The position. Raises SealBroken for one that was not written here, for this deployment."""
        with belonging_to(_thread(config)):
            found = await super().aget_tuple(config)
        if found is not None:
            check_own(found)
        return found

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """The positions of one deployment, newest first. Raises SealBroken."""
        if config is None:
            raise SealBroken("positions are read for one deployment at a time")
        with belonging_to(_thread(config)):
            listed = super().alist(config, filter=filter, before=before, limit=limit)
            found = [one async for one in listed]
        for one in found:
            check_own(one)
            yield one

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        with belonging_to(_thread(config)):
            return await super().aput(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        with belonging_to(_thread(config)):
            await super().aput_writes(config, writes, task_id, task_path)


def _thread(config: RunnableConfig) -> str:
    return str(config.get("configurable", {})["thread_id"])


def check_own(found: CheckpointTuple) -> None:
    """Raises SealBroken for a position that stands under another one's id."""
    if found.checkpoint["id"] != found.config.get("configurable", {}).get("checkpoint_id"):
        raise SealBroken("a position is refused: it was moved here from another step")
