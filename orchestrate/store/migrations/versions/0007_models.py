"""What asking models cost, and what they objected to."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, Index, Integer, PrimaryKeyConstraint, String, Text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "model_calls",
        Column("number", Integer, primary_key=True),
        Column("deployment", String, nullable=False),
        Column("role", String, nullable=False),
        Column("model", String, nullable=False),
        Column("prompt", String, nullable=False),
        Column("question", String, nullable=False),
        Column("state", String, nullable=False),
        Column("why", Text, nullable=False),
        Column("fresh", Integer, nullable=False),
        Column("cache_write", Integer, nullable=False),
        Column("cache_read", Integer, nullable=False),
        Column("output", Integer, nullable=False),
        Column("micros", Integer, nullable=False),
        Column("answer", Text),
        Column("at", Float, nullable=False),
        Column("took", Float),
        Index("model_calls_of", "deployment", "number"),
    )
    op.create_table(
        "objections",
        Column("sha256", String, nullable=False),
        Column("dialect", String, nullable=False),
        Column("reason", Text, nullable=False),  # '': it was looked at, and nothing was found
        Column("by", String, nullable=False),
        Column("deployment", String, nullable=False),
        Column("at", Float, nullable=False),
        PrimaryKeyConstraint("sha256", "dialect"),
    )
