"""Schema: which tables a database has, and how it gets those of this version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table, text

from orchestrate.store.database import Database
from orchestrate.store.failures import Failure, unusable

HEAD = "0013"
"""The newest migration; a test compares it with the scripts."""

ADVISORY_LOCK = 7_203_415_081
REVISION = select(table("alembic_version", column("version_num")).c.version_num)


def upgrade(database: Database) -> None:
    """Bring the tables to this version; does nothing where they are. Raises StoreUnusable.

    The lock is taken before the version is read, so that two processes upgrade one after the other.
    """
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        before = revision(connection)
        if before == HEAD:
            return
        if before is not None and before > HEAD:
            raise _too_new(database, before)
        _run_scripts(connection)


def check(database: Database, connection: Connection) -> None:
    """Raises StoreUnusable unless the tables are those of this version."""
    found = revision(connection)
    if found is not None and found > HEAD:
        raise _too_new(database, found)
    if found != HEAD:
        where = str(database.where)
        raise unusable(where, Failure.OTHER_VERSION, f"it has {found or 'none'}, this version needs {HEAD}")


def revision(connection: Connection) -> str | None:
    """The newest migration that was applied, or None."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(REVISION).scalar()


def _too_new(database: Database, found: str) -> Exception:
    detail = f"it has {found}, this version knows {HEAD}"
    cure = "start the newer version of orchestrate that upgraded it"
    return unusable(str(database.where), Failure.OTHER_VERSION, detail, cure=cure)


def _run_scripts(connection: Connection) -> None:
    from alembic import command  # slow to import, and only needed here
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
