"""The tables: one row per fact, facts as JSON text, times as epoch seconds."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

UNFINISHED = text("status <> 'finished'")
ENDED = text("outcome IS NOT NULL")
IN_FORCE = text("lifted_by IS NULL")

deployments = Table(
    "deployments",
    metadata,
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
    Column("due_at", Float),  # when a driver should look next: NULL while nothing but an answer can move it
    Index("deployments_of_environment", "environment", "id"),
    Index("deployments_of_service", "service", "id"),
    Index("deployments_of_task", "task", "id"),
    Index("deployments_due", "due_at"),
    Index("deployments_wake", "wake_at"),
)
Index(
    "deployments_claim", deployments.c.task, unique=True, sqlite_where=UNFINISHED, postgresql_where=UNFINISHED
)
Index(
    "deployments_of_outcome",
    deployments.c.outcome,
    deployments.c.id,
    sqlite_where=ENDED,
    postgresql_where=ENDED,
)
Index("deployments_unfinished", deployments.c.id, sqlite_where=UNFINISHED, postgresql_where=UNFINISHED)
Index(
    "deployments_unfinished_in",
    deployments.c.environment,
    deployments.c.service,
    deployments.c.id,
    sqlite_where=UNFINISHED,
    postgresql_where=UNFINISHED,
)

locks = Table(
    "locks",
    metadata,
    Column("environment", String, nullable=False),
    Column("service", String, nullable=False),
    Column("deployment", String, nullable=False, index=True),
    Column("at", Float, nullable=False),
    PrimaryKeyConstraint("environment", "service"),
)

quarantines = Table(
    "quarantines",
    metadata,
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
Index(
    "quarantines_in_force",
    quarantines.c.environment,
    quarantines.c.commit,
    unique=True,
    sqlite_where=IN_FORCE,
    postgresql_where=IN_FORCE,
)

freezes = Table(
    "freezes",
    metadata,
    Column("environment", String, nullable=False),
    Column("service", String, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("until", Float, nullable=False),
    PrimaryKeyConstraint("environment", "service"),
)

plans = Table(
    "plans",
    metadata,
    Column("hash", String, primary_key=True),
    Column("deployment", String, nullable=False),
    Column("text", Text, nullable=False),  # canonical JSON; its SHA-256 is the hash
    Column("at", Float, nullable=False),
)

questions = Table(
    "questions",
    metadata,
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
    Column("unanswered", Boolean, nullable=False),  # neither decided nor closed
    Column("needed", Integer, nullable=False, server_default="1"),  # persons
    Column("approvals", Text, nullable=False, server_default="[]"),
    UniqueConstraint("deployment", "gate_kind", "plan_hash", name="questions_once"),
    Index("questions_unanswered", "unanswered", "task"),
)

effects = Table(
    "effects",
    metadata,
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

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("deployment", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("stage", String),
    Column("kind", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("data", Text, nullable=False),
    Index("events_of", "deployment", "seq"),
    sqlite_autoincrement=True,
)

logs = Table(
    "logs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("deployment", String, nullable=False),
    Column("position", BigInteger, nullable=False),  # bytes of all that was ever added, this chunk included
    Column("at", Float, nullable=False),
    Column("source", String, nullable=False),
    Column("size", Integer, nullable=False),  # bytes
    Column("text", Text, nullable=False),
    Index("logs_of", "deployment", "position"),
)

environments = Table(
    "environments",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("type", String, nullable=False),
    Column("config", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
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
    Column("succeeded", Boolean),  # NULL while open
    Column("marker", String, unique=True),
    Index("tasks_ready", "queue", "status", "succeeded"),
    sqlite_autoincrement=True,
)

dependencies = Table(
    "task_dependencies",
    metadata,
    Column("task", Integer, ForeignKey("tasks.number"), nullable=False),
    Column("on", Integer, ForeignKey("tasks.number"), nullable=False, index=True),
    PrimaryKeyConstraint("task", "on"),
)

comments = Table(
    "task_comments",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("task", Integer, ForeignKey("tasks.number"), nullable=False, index=True),
    Column("author", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("edited", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

changes = Table(
    "changes",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("marker", String, unique=True),
    Column("record", Text, nullable=False),
    sqlite_autoincrement=True,
)

announcements = Table(
    "announcements",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("marker", String, nullable=False, unique=True),
    Column("deployment", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Float, nullable=False),
)

verified = Table(
    "verified",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("environment", String, nullable=False),
    Column("service", String, nullable=False),
    Column("tree", String, nullable=False),
    Column("version", Text, nullable=False),
    Column("deployment", String, nullable=False),
    Column("at", Float, nullable=False),
    Index("verified_in", "environment", "service", "number"),
)
