"""Positions in a SQLite file beside the store."""

from __future__ import annotations

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from orchestrate.positions.bound import Bound


class SqlitePositions(Bound, AsyncSqliteSaver):
    """One sealed row for each position, and one for each write of a step."""
