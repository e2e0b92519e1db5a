"""The tables of the outbox: what people are to be told, and whose turn it is to tell it."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text, UniqueConstraint, text

from orchestrate.store.tables import metadata

OWED = text("ended_at IS NULL")

letters = Table(
    "letters",
    metadata,
    Column("number", Integer, primary_key=True),
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
    UniqueConstraint("deployment", "key", name="letters_once"),
    sqlite_autoincrement=True,
)
Index("letters_owed", letters.c.thread, letters.c.number, sqlite_where=OWED, postgresql_where=OWED)

letter_threads = Table(
    "letter_threads",
    metadata,
    Column("thread", String, primary_key=True),
    Column("next_at", Float),  # when it is tried next: NULL while nothing is owed
    Column("asked_until", Float),  # so long whoever did not answer asked us to rest
    Column("lease_worker", String),
    Column("lease_token", Integer, nullable=False),
    Column("lease_until", Float),
    Index("letter_threads_due", "next_at"),
)
