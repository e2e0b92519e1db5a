"""The tables about work: what was learnt by it, and which files it is about now."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, PrimaryKeyConstraint, String, Table, Text, false

from orchestrate.store.tables import metadata

learnings = Table(
    "learnings",
    metadata,
    Column("key", String, primary_key=True),
    Column("service", String, nullable=False),
    Column("environment", String, nullable=False),
    Column("was_good", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("files", Text, nullable=False),
    Column("at", Float, nullable=False),
    Index("learnings_of_a_place", "service", "environment", "at"),
)

reservations = Table(
    "reservations",
    metadata,
    Column("holder", String, nullable=False),
    Column("path", String, nullable=False),
    Column("service", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", Float, nullable=False),
    Column("exclusive", Boolean, nullable=False, server_default=false()),
    PrimaryKeyConstraint("holder", "path"),
    Index("reservations_of_a_service", "service", "until"),
)
