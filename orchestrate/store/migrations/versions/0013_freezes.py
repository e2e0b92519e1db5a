"""Freezes that people call."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, PrimaryKeyConstraint, String, Text

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "freezes",
        Column("environment", String, nullable=False),
        Column("service", String, nullable=False),
        Column("by", String, nullable=False),
        Column("reason", Text, nullable=False),
        Column("at", Float, nullable=False),
        Column("until", Float, nullable=False),
        PrimaryKeyConstraint("environment", "service"),
    )
