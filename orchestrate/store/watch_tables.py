"""The tables of what is watched: the watches, and the samples that were taken of them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, Text

from orchestrate.store.tables import metadata

watches = Table(
    "watches",
    metadata,
    Column("id", String, primary_key=True),
    Column("deployment", String, nullable=False, index=True),
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
    Column("prior", Text, nullable=False, server_default="{}"),
    Index("watches_active", "closed_at", "next_at"),
)

samples = Table(
    "samples",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("watch", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("sample", Text, nullable=False),
    Index("samples_of", "watch", "at"),
)
