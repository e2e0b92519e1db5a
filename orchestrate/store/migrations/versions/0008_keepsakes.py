"""What a tracker of others cannot keep for us."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, PrimaryKeyConstraint, String, Text

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "keepsakes",
        Column("kind", String, nullable=False),
        Column("key", String, nullable=False),
        Column("value", Text, nullable=False),
        Column("at", Float, nullable=False),
        PrimaryKeyConstraint("kind", "key"),
    )
