"""Watches with their samples, logs, and the built-in tracker and forge."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    _watches()
    _samples()
    _logs()
    _announcements()
    _tasks()
    _task_dependencies()
    _task_comments()
    _changes()


def _watches() -> None:
    op.create_table(
        "watches",
        Column("id", String, primary_key=True),
        Column("deployment", String, nullable=False),
        Column("environment", String, nullable=False),
        Column("component", String, nullable=False),
        Column("slot", String, nullable=False),
        Column("baseline", String),
        Column("opened_at", Float, nullable=False),
        Column("until", Float, nullable=False),
        Column("interval", Integer, nullable=False),
        Column("share", Integer, nullable=False),
        Column("final", Boolean, nullable=False),
        Column("judgement", Text),
        Column("extended", Boolean, nullable=False),
        Column("closed_at", Float),
        Column("next_at", Float, nullable=False),
        Column("totals", Text, nullable=False),
    )
    op.create_index("ix_watches_deployment", "watches", ["deployment"])
    op.create_index("watches_active", "watches", ["closed_at", "next_at"])


def _samples() -> None:
    op.create_table(
        "samples",
        Column("number", Integer, primary_key=True),
        Column("watch", String, nullable=False),
        Column("at", Float, nullable=False),
        Column("sample", Text, nullable=False),
    )
    op.create_index("samples_of", "samples", ["watch", "at"])


def _logs() -> None:
    op.create_table(
        "logs",
        Column("number", Integer, primary_key=True),
        Column("deployment", String, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("at", Float, nullable=False),
        Column("source", String, nullable=False),
        Column("size", Integer, nullable=False),
        Column("text", Text, nullable=False),
    )
    op.create_index("logs_of", "logs", ["deployment", "position"])


def _announcements() -> None:
    op.create_table(
        "announcements",
        Column("number", Integer, primary_key=True),
        Column("marker", String, nullable=False),
        Column("deployment", String, nullable=False),
        Column("title", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("at", Float, nullable=False),
        UniqueConstraint("marker"),
    )


def _tasks() -> None:
    op.create_table(
        "tasks",
        Column("number", Integer, primary_key=True),
        Column("title", Text, nullable=False),
        Column("description", Text, nullable=False),
        Column("queue", String, nullable=False),
        Column("status", String, nullable=False),
        Column("priority", Integer, nullable=False),
        Column("change", String),
        Column("labels", Text, nullable=False),
        Column("metadata", Text, nullable=False),
        Column("discovered_from", String),
        Column("workspace", String),
        Column("created_by", String, nullable=False),
        Column("created_at", Float, nullable=False),
        Column("closed_reason", Text),
        Column("succeeded", Boolean),
        Column("marker", String),
        UniqueConstraint("marker"),
        sqlite_autoincrement=True,
    )
    op.create_index("tasks_ready", "tasks", ["queue", "status", "succeeded"])


def _task_dependencies() -> None:
    op.create_table(
        "task_dependencies",
        Column("task", Integer, nullable=False),
        Column("on", Integer, nullable=False),
        ForeignKeyConstraint(
            ["on"],
            ["tasks.number"],
        ),
        ForeignKeyConstraint(
            ["task"],
            ["tasks.number"],
        ),
        PrimaryKeyConstraint("task", "on"),
    )
    op.create_index("ix_task_dependencies_on", "task_dependencies", ["on"])


def _task_comments() -> None:
    op.create_table(
        "task_comments",
        Column("number", Integer, primary_key=True),
        Column("task", Integer, nullable=False),
        Column("author", String, nullable=False),
        Column("text", Text, nullable=False),
        Column("at", Float, nullable=False),
        Column("edited", Boolean, nullable=False),
        ForeignKeyConstraint(
            ["task"],
            ["tasks.number"],
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_task_comments_task", "task_comments", ["task"])


def _changes() -> None:
    op.create_table(
        "changes",
        Column("number", Integer, primary_key=True),
        Column("marker", String),
        Column("record", Text, nullable=False),
        UniqueConstraint("marker"),
        sqlite_autoincrement=True,
    )
