"""Deployments: their environments, locks, plans, questions, effects and stories."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    text,
)

revision = "0001"
down_revision = None

UNFINISHED = text("status <> 'finished'")
IN_FORCE = text("lifted_by IS NULL")


def upgrade() -> None:
    """Make the tables."""
    _environments()
    _deployments()
    _locks()
    _quarantines()
    _plans()
    _questions()
    _effects()
    _events()
    _verified()


def _environments() -> None:
    op.create_table(
        "environments",
        Column("id", String, primary_key=True),
        Column("name", String, nullable=False),
        Column("type", String, nullable=False),
        Column("config", Text, nullable=False),
        Column("created_at", Float, nullable=False),
        Column("updated_at", Float, nullable=False),
        UniqueConstraint("name"),
    )


def _deployments() -> None:
    op.create_table(
        "deployments",
        Column("id", String, primary_key=True),
        Column("request", Text, nullable=False),
        Column("service", String, nullable=False),
        Column("environment", String, nullable=False),
        Column("task", String),
        Column("status", String, nullable=False),
        Column("stage", String),
        Column("outcome", String),
        Column("waits_for", Text),
        Column("wake_at", Float),
        Column("version", String),
        Column("plan_hash", String),
        Column("crashes", Integer, nullable=False),
        Column("reason", Text, nullable=False),
        Column("graph_version", Integer, nullable=False),
        Column("created_at", Float, nullable=False),
        Column("started_at", Float),
        Column("finished_at", Float),
        Column("followed_by", String),
        Column("lease_worker", String),
        Column("lease_token", Integer, nullable=False),
        Column("lease_until", Float),
        Column("due_at", Float),
    )
    _deployments_indexes()


def _deployments_indexes() -> None:
    op.create_index(
        "deployments_claim",
        "deployments",
        ["task"],
        unique=True,
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    op.create_index("deployments_due", "deployments", ["due_at"])
    op.create_index("deployments_of_environment", "deployments", ["environment", "id"])
    op.create_index("deployments_of_service", "deployments", ["service", "id"])
    op.create_index("deployments_of_task", "deployments", ["task", "id"])
    op.create_index(
        "deployments_unfinished",
        "deployments",
        ["id"],
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    op.create_index(
        "deployments_unfinished_in",
        "deployments",
        ["environment", "service", "id"],
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    op.create_index("deployments_wake", "deployments", ["wake_at"])


def _locks() -> None:
    op.create_table(
        "locks",
        Column("environment", String, nullable=False),
        Column("service", String, nullable=False),
        Column("deployment", String, nullable=False),
        Column("at", Float, nullable=False),
        PrimaryKeyConstraint("environment", "service"),
    )
    op.create_index("ix_locks_deployment", "locks", ["deployment"])


def _quarantines() -> None:
    op.create_table(
        "quarantines",
        Column("number", Integer, primary_key=True),
        Column("environment", String, nullable=False),
        Column("service", String, nullable=False),
        Column("commit", String, nullable=False),
        Column("change", String),
        Column("reason", Text, nullable=False),
        Column("deployment", String, nullable=False),
        Column("at", Float, nullable=False),
        Column("lifted_by", String),
        Column("lifted_reason", Text, nullable=False),
    )
    op.create_index(
        "quarantines_in_force",
        "quarantines",
        ["environment", "commit"],
        unique=True,
        sqlite_where=IN_FORCE,
        postgresql_where=IN_FORCE,
    )


def _plans() -> None:
    op.create_table(
        "plans",
        Column("hash", String, primary_key=True),
        Column("deployment", String, nullable=False),
        Column("text", Text, nullable=False),
        Column("at", Float, nullable=False),
    )


def _questions() -> None:
    op.create_table(
        "questions",
        Column("id", String, primary_key=True),
        Column("deployment", String, nullable=False),
        Column("gate_kind", String, nullable=False),
        Column("plan_hash", String, nullable=False),
        Column("head", String),
        Column("tree", String),
        Column("task", String),
        Column("opened_at", Float, nullable=False),
        Column("expires", Float, nullable=False),
        Column("remind_at", Float),
        Column("reminded", Boolean, nullable=False),
        Column("decision", Text),
        Column("closed", Text),
        Column("consumed_at", Float),
        Column("unanswered", Boolean, nullable=False),
        UniqueConstraint("deployment", "gate_kind", "plan_hash", name="questions_once"),
    )
    op.create_index("questions_unanswered", "questions", ["unanswered", "task"])


def _effects() -> None:
    op.create_table(
        "effects",
        Column("deployment", String, nullable=False),
        Column("key", String, nullable=False),
        Column("name", String, nullable=False),
        Column("args", Text, nullable=False),
        Column("state", String, nullable=False),
        Column("receipt", Text),
        Column("why", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("at", Float, nullable=False),
        Column("done_at", Float),
        PrimaryKeyConstraint("deployment", "key"),
    )


def _events() -> None:
    op.create_table(
        "events",
        Column("seq", Integer, primary_key=True),
        Column("deployment", String, nullable=False),
        Column("at", Float, nullable=False),
        Column("stage", String),
        Column("kind", String, nullable=False),
        Column("text", Text, nullable=False),
        Column("data", Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_of", "events", ["deployment", "seq"])


def _verified() -> None:
    op.create_table(
        "verified",
        Column("number", Integer, primary_key=True),
        Column("environment", String, nullable=False),
        Column("service", String, nullable=False),
        Column("tree", String, nullable=False),
        Column("version", Text, nullable=False),
        Column("deployment", String, nullable=False),
        Column("at", Float, nullable=False),
    )
    op.create_index("verified_in", "verified", ["environment", "service", "number"])
