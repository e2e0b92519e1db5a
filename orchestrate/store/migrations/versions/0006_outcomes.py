"""Deployments by how they ended, which is asked every second while others wait."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Find the newest of an outcome without a look at all that have none yet."""
    ended = text("outcome IS NOT NULL")
    op.create_index(
        "deployments_of_outcome",
        "deployments",
        ["outcome", "id"],
        sqlite_where=ended,
        postgresql_where=ended,
    )
