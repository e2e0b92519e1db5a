"""What was learnt by deploying, and which files are worked on."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, Float, PrimaryKeyConstraint, String, Text

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "learnings",
        Column("key", String, primary_key=True),
        Column("service", String, nullable=False),
        Column("environment", String, nullable=False),
        Column("was_good", Boolean, nullable=False),
        Column("text", Text, nullable=False),
        Column("files", Text, nullable=False),
        Column("at", Float, nullable=False),
    )
    op.create_index("learnings_of_a_place", "learnings", ["service", "environment", "at"])
    op.create_table(
        "reservations",
        Column("holder", String, nullable=False),
        Column("path", String, nullable=False),
        Column("service", String, nullable=False),
        Column("reason", Text, nullable=False),
        Column("until", Float, nullable=False),
        PrimaryKeyConstraint("holder", "path"),
    )
    op.create_index("reservations_of_a_service", "reservations", ["service", "until"])
