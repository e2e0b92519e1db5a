"""Files that a person has reserved for themselves."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, false

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column; until now only deployments reserved, and none for itself."""
    op.add_column("reservations", Column("exclusive", Boolean, nullable=False, server_default=false()))
