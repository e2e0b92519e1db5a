"""The table about trackers of others: what they cannot keep for us."""

from __future__ import annotations

from sqlalchemy import Column, Float, PrimaryKeyConstraint, String, Table, Text

from orchestrate.store.tables import metadata

keepsakes = Table(
    "keepsakes",
    metadata,
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False),
    Column("value", Text, nullable=False),
    Column("at", Float, nullable=False),
    PrimaryKeyConstraint("kind", "key"),
)
