"""Positions in the PostgreSQL database of the store."""

from __future__ import annotations

from typing import cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg.rows import DictRow

from orchestrate.errors import SealBroken
from orchestrate.positions.bound import Bound

WHOLE = "whole"


class _Sealing(AsyncPostgresSaver):
    """Keeps the whole position as one sealed value.

    LangGraph's own way leaves small values and the versions of all channels in a JSON column, where they
    could be read and changed.
    """

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,  # noqa: ARG002 - the port's
    ) -> RunnableConfig:
        versions: ChannelVersions = {WHOLE: checkpoint["id"]}
        shell = Checkpoint(
            v=checkpoint["v"],
            id=checkpoint["id"],
            ts=checkpoint["ts"],
            channel_values={WHOLE: checkpoint},
            channel_versions=versions,
            versions_seen={},
            updated_channels=None,
        )
        return await super().aput(config, shell, metadata, versions)

    async def _load_checkpoint_tuple(self, value: DictRow) -> CheckpointTuple:
        found = await super()._load_checkpoint_tuple(value)
        whole = found.checkpoint["channel_values"].get(WHOLE)
        if value["checkpoint"].get("channel_values") or not isinstance(whole, dict):
            raise SealBroken("a position is refused: it is not sealed")
        return found._replace(checkpoint=cast(Checkpoint, whole))


class PostgresPositions(Bound, _Sealing):
    """One sealed value for each position, and one for each write of a step."""

    async def threads(self) -> tuple[str, ...]:
        async with self._cursor() as cursor:
            await cursor.execute("SELECT DISTINCT thread_id FROM checkpoints")
            return tuple(str(row["thread_id"]) for row in await cursor.fetchall())
