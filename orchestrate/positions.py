"""Positions: where LangGraph keeps how far each deployment has come."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from graphs.typed import state_types


@asynccontextmanager
async def positions(url: str) -> AsyncGenerator[BaseCheckpointSaver[str], None]:
    """Where LangGraph keeps its positions: beside the store, in typed rows and nothing else."""
    opened = _postgres_positions(url) if url.startswith("postgresql") else _sqlite_positions(url)
    async with opened as saver:
        yield saver


@asynccontextmanager
async def _sqlite_positions(url: str) -> AsyncGenerator[BaseCheckpointSaver[str], None]:
    import aiosqlite
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    path = Path(url.removeprefix("sqlite:///"))
    async with aiosqlite.connect(path.with_suffix(".positions.db"), timeout=30) as connection:
        saver = AsyncSqliteSaver(connection, serde=typed())
        await saver.setup()
        yield saver


@asynccontextmanager
async def _postgres_positions(url: str) -> AsyncGenerator[BaseCheckpointSaver[str], None]:
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    async with AsyncPostgresSaver.from_conn_string(plain, serde=typed()) as saver:
        await saver.setup()
        yield saver


def typed() -> JsonPlusSerializer:
    """How positions are written: typed rows, and only types of ours are rebuilt."""
    return JsonPlusSerializer(allowed_msgpack_modules=state_types())
