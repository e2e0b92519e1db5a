"""What people are to be told on the tracker, and could not be told at once."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, Integer, PrimaryKeyConstraint, String, Text, UniqueConstraint, text

revision = "0009"
down_revision = "0008"

OWED = text("ended_at IS NULL")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "letters",
        Column("number", Integer, nullable=False),
        Column("deployment", String, nullable=False),
        Column("thread", String, nullable=False),
        Column("stage", String, nullable=False),
        Column("plan_hash", String),
        Column("kind", String, nullable=False),
        Column("key", String, nullable=False),
        Column("body", Text, nullable=False),
        Column("at", Float, nullable=False),
        Column("tries", Integer, nullable=False),
        Column("why", Text, nullable=False),
        Column("ended_at", Float),
        Column("end", String),
        PrimaryKeyConstraint("number"),
        UniqueConstraint("deployment", "key", name="letters_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("letters_owed", "letters", ["thread", "number"], sqlite_where=OWED, postgresql_where=OWED)
    op.create_table(
        "letter_threads",
        Column("thread", String, nullable=False),
        Column("next_at", Float),
        Column("asked_until", Float),
        Column("lease_worker", String),
        Column("lease_token", Integer, nullable=False),
        Column("lease_until", Float),
        PrimaryKeyConstraint("thread"),
    )
    op.create_index("letter_threads_due", "letter_threads", ["next_at"])
