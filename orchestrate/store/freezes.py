"""Freezes: times that people call, in which nothing starts in an environment."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from orchestrate.errors import Refused
from orchestrate.models.audit import AuditKind
from orchestrate.models.windows import CalledFreeze
from orchestrate.store.chain import note, short
from orchestrate.store.database import Database
from orchestrate.store.rows import clean
from orchestrate.store.tables import freezes

rows = freezes.c
HERE = (rows.environment == bindparam("place"), rows.service == bindparam("what"))
IN_FORCE = select(freezes).where(*HERE, rows.until > bindparam("now"))
REMOVE = delete(freezes).where(*HERE)


class Freezes:
    """Knows who froze what, why, and until when: one freeze a service and environment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def call(self, environment: str, service: str, by: str, reason: str, until: float) -> CalledFreeze:
        """Let nothing start from now on, in place of what the same person said before.

        Raises Refused where the moment (epoch seconds) has passed, or somebody else's freeze is in force.
        """
        now = self._database.clock()
        if until <= now:
            raise Refused(f"{_instant(until)} has passed", cure="name a moment that is to come")
        with self._database.writing() as connection:
            before = self._in_force(connection, environment, service)
            if before is not None and before.by != by:
                raise Refused(
                    f"{environment} is {before.sentence}",
                    cure=f"lift it first, if that is not needed any more: orchestrate env thaw {environment}",
                )
            row = {"environment": environment, "service": service, "by": by}
            connection.execute(REMOVE, {"place": environment, "what": service})
            connection.execute(insert(freezes), {**row, "reason": clean(reason), "at": now, "until": until})
            facts = {"environment": environment, "service": service, "until": _instant(until)}
            note(connection, AuditKind.FROZEN, by=by, why=short(reason), **facts)
            return CalledFreeze(start=_instant(now), end=_instant(until), reason=clean(reason), by=by)

    def now(self, environment: str, service: str) -> CalledFreeze | None:
        """The one that is in force."""
        with self._database.reading() as connection:
            return self._in_force(connection, environment, service)

    def lift(self, environment: str, service: str, by: str) -> CalledFreeze:
        """Let things start again; what was frozen. Raises Refused where no person froze anything."""
        with self._database.writing() as connection:
            before = self._in_force(connection, environment, service)
            if before is None:
                raise Refused(f"nobody froze {environment}")
            connection.execute(REMOVE, {"place": environment, "what": service})
            note(connection, AuditKind.THAWED, by=by, environment=environment, service=service)
            return before

    def _in_force(self, connection: Connection, environment: str, service: str) -> CalledFreeze | None:
        asked = {"place": environment, "what": service, "now": self._database.clock()}
        row = connection.execute(IN_FORCE, asked).mappings().first()
        if row is None:
            return None
        start, end = _instant(row["at"]), _instant(row["until"])
        return CalledFreeze(start=start, end=end, reason=row["reason"], by=row["by"])


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
