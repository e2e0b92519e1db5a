"""Questions that several persons must approve."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, Text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Let a question remember how many must approve, and who did."""
    op.add_column("questions", Column("needed", Integer, nullable=False, server_default="1"))
    op.add_column("questions", Column("approvals", Text, nullable=False, server_default="[]"))
