"""Positions: where LangGraph keeps how far each deployment has come, sealed for that deployment."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import cast

from orchestrate.positions.bound import Bound

PATIENCE = 5.0
"""Seconds to wait for another worker that writes to the same file."""


Key = Callable[[], bytes]
"""Gives the key when the first position is written or read, so that whoever only looks makes none."""


@asynccontextmanager
async def positions(url: str, key: Key) -> AsyncGenerator[Bound, None]:
    """Where LangGraph keeps its positions: beside the store, sealed under what `key` gives."""
    opened = _postgres_positions if url.startswith("postgresql") else _sqlite_positions
    async with opened(url, key) as saver:
        yield saver


@asynccontextmanager
async def _sqlite_positions(url: str, key: Key) -> AsyncGenerator[Bound, None]:
    from orchestrate.positions.on_sqlite import SqlitePositions
    from orchestrate.positions.serializer import SealedSerializer

    file = Path(url.removeprefix("sqlite:///")).with_suffix(".positions.db")
    file.touch(mode=0o600)
    with closing(sqlite3.connect(file, timeout=PATIENCE)) as connection:
        saver = SqlitePositions(connection, serde=SealedSerializer(key))
        saver.setup()
        yield saver


@asynccontextmanager
async def _postgres_positions(url: str, key: Key) -> AsyncGenerator[Bound, None]:
    from orchestrate.positions.on_postgres import PostgresPositions
    from orchestrate.positions.serializer import SealedSerializer

    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    async with PostgresPositions.from_conn_string(plain, serde=SealedSerializer(key)) as saver:
        await saver.setup()
        yield cast(PostgresPositions, saver)
