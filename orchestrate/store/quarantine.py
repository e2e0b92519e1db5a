"""Quarantine: versions that an environment refuses until somebody lifts it."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update

from orchestrate.errors import UnknownVersion
from orchestrate.models.audit import AuditKind
from orchestrate.models.quarantine import Quarantine
from orchestrate.store.chain import note, short
from orchestrate.store.database import Database
from orchestrate.store.rows import clean, fact, insert_once
from orchestrate.store.tables import IN_FORCE, quarantines

rows = quarantines.c

ACTIVE = (
    select(quarantines)
    .where(IN_FORCE, rows.environment == bindparam("place"), rows.service == bindparam("what"))
    .order_by(rows.number)
)
LIFT = (
    update(quarantines)
    .where(IN_FORCE, rows.environment == bindparam("place"), rows.commit == bindparam("bad"))
    .values(lifted_by=bindparam("who"), lifted_reason=bindparam("why"))
)


class Quarantines:
    """Remembers which commits did badly where (R7)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(  # noqa: PLR0913  one parameter per field of the fact, as the API gives them
        self, environment: str, service: str, commit: str, change: str | None, reason: str, deployment: str
    ) -> None:
        """Refuse the commit in the environment from now on; one that is refused already stays as it is."""
        fault = Quarantine(
            environment=environment,
            service=service,
            commit=commit,
            change=change,
            reason=clean(reason),
            deployment=deployment,
            at=self._database.clock(),
        )
        with self._database.writing() as connection:
            if insert_once(connection, quarantines, fault.model_dump()) is not None:
                facts = {"environment": environment, "service": service, "commit": commit}
                kind, why = AuditKind.QUARANTINED, short(reason)
                note(connection, kind, deployment=deployment, why=why, **facts)

    def active(self, environment: str, service: str) -> tuple[Quarantine, ...]:
        """What is refused now, oldest first."""
        asked = {"place": environment, "what": service}
        with self._database.reading() as connection:
            return tuple(fact(Quarantine, row) for row in connection.execute(ACTIVE, asked).mappings())

    def lift(self, environment: str, commit: str, by: str, reason: str) -> None:
        """Allow the commit again, on somebody's word. Raises UnknownVersion where it is not refused."""
        asked = {"place": environment, "bad": commit, "who": by, "why": clean(reason)}
        with self._database.writing() as connection:
            if connection.execute(LIFT, asked).rowcount == 0:
                raise UnknownVersion(commit)
            facts = {"environment": environment, "commit": commit, "reason": reason}
            note(connection, AuditKind.LIFTED, by=by, **facts)
