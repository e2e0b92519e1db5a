"""What was known of a watch's slots from the hours before it."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column; watches from before knew nothing."""
    op.add_column("watches", Column("prior", Text, nullable=False, server_default="{}"))
