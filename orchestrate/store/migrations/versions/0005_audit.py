"""The audit, and the switch that stops effects."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, Float, Integer, LargeBinary, String, Text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "audit",
        Column("seq", Integer, primary_key=True, autoincrement=False),
        Column("previous", LargeBinary, nullable=False),
        Column("deployment", String, nullable=False),
        Column("event", Text, nullable=False),
        Column("hash", LargeBinary, nullable=False),
    )
    op.create_table(
        "stops",
        Column("what", String, primary_key=True),
        Column("everything", Boolean, nullable=False),
        Column("by", String, nullable=False),
        Column("reason", Text, nullable=False),
        Column("at", Float, nullable=False),
    )
