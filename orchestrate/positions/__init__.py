"""Positions: where LangGraph keeps how far each deployment has come, sealed for that deployment."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from langgraph.checkpoint.base import BaseCheckpointSaver


@asynccontextmanager
async def positions(url: str, key: bytes) -> AsyncGenerator[BaseCheckpointSaver[str], None]:
    """Where LangGraph keeps its positions: beside the store, in rows that open under `key` alone."""
    opened = _postgres_positions if url.startswith("postgresql") else _sqlite_positions
    async with opened(url, key) as saver:
        yield saver


@asynccontextmanager
async def _sqlite_positions(url: str, key: bytes) -> AsyncGenerator[BaseCheckpointSaver[str], None]:
    import aiosqlite

    from orchestrate.positions.on_sqlite import SqlitePositions
    from orchestrate.positions.serializer import SealedSerializer

    path = Path(url.removeprefix("sqlite:///"))
    async with aiosqlite.connect(path.with_suffix(".positions.db"), timeout=30) as connection:
        saver = SqlitePositions(connection, serde=SealedSerializer(key))
        await saver.setup()
        yield saver


@asynccontextmanager
async def _postgres_positions(url: str, key: bytes) -> AsyncGenerator[BaseCheckpointSaver[str], None]:
    from orchestrate.positions.on_postgres import PostgresPositions
    from orchestrate.positions.serializer import SealedSerializer

    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    async with PostgresPositions.from_conn_string(plain, serde=SealedSerializer(key)) as saver:
        await saver.setup()
        yield saver
