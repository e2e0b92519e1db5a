"""Secrets, sealed."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, Integer, PrimaryKeyConstraint, String, Text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "secrets",
        Column("environment", String, nullable=False),
        Column("name", String, nullable=False),
        Column("version", Integer, nullable=False),
        Column("sealed", Text, nullable=False),
        Column("set_by", String, nullable=False),
        Column("set_at", Float, nullable=False),
        Column("sealed_at", Float, nullable=False),
        PrimaryKeyConstraint("environment", "name"),
    )
