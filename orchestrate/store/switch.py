"""The switch: stops every worker's effects, and lets them begin again."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from orchestrate.errors import AuditUnusable, Refused
from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import Status
from orchestrate.models.switch import Stop
from orchestrate.store import chain
from orchestrate.store.database import Database
from orchestrate.store.rows import clean
from orchestrate.store.tables import UNFINISHED, deployments, metadata

EFFECTS = "effects"

stops = Table(
    "stops",
    metadata,
    Column("what", String, primary_key=True),
    Column("everything", Boolean, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Float, nullable=False),
)

NOW = select(stops).where(stops.c.what == EFFECTS)
KEPT = NOW.with_for_update(read=True)
REMOVE = delete(stops).where(stops.c.what == EFFECTS)
WAKE = (
    update(deployments)
    .where(
        UNFINISHED,
        deployments.c.status == Status.WAITING,
        deployments.c.waits_for.like('{"kind":"effects"%'),
    )
    .values(wake_at=0.0, due_at=func.coalesce(deployments.c.lease_until, 0.0))
)


class Switch:
    """One row that every worker reads before every effect; while it is there, effects are refused."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stopped(self) -> Stop | None:
        """Who stopped what, and why; None while effects may begin."""
        with self._database.reading() as connection:
            return stopped(connection)

    def stop(self, by: str, reason: str, *, everything: bool = False) -> Stop:
        """Let no effect begin from now on; with `everything`, no undo either. The last word counts.

        An audit that cannot be written does not keep anybody from stopping. Raises StoreUnusable.
        """
        stop = Stop(by=by, reason=clean(reason), everything=everything, at=self._database.clock())
        try:
            self._put(stop, is_told=True)
        except AuditUnusable:
            self._put(stop, is_told=False)
        return stop

    def allow(self, by: str, reason: str) -> Stop:
        """Let effects begin again, and wake what was refused; what had been stopped.

        Raises Refused where nothing is stopped, and AuditUnusable.
        """
        with self._database.writing() as connection:
            stop = stopped(connection)
            if stop is None:
                raise Refused("nothing is stopped: effects may begin")
            connection.execute(REMOVE)
            connection.execute(WAKE)
            chain.note(connection, AuditKind.ALLOWED, by=by, reason=reason)
        return stop

    def _put(self, stop: Stop, *, is_told: bool) -> None:
        with self._database.writing() as connection:
            connection.execute(REMOVE)
            connection.execute(insert(stops), {"what": EFFECTS, **stop.model_dump()})
            if not stop.everything:  # undos that were stopped before may begin now
                connection.execute(WAKE)
            if is_told:
                what = "everything" if stop.everything else "changes and notes"
                chain.note(connection, AuditKind.STOPPED, by=stop.by, reason=stop.reason, what=what)


def stopped(connection: Connection, *, is_kept: bool = False) -> Stop | None:
    """Who stopped what, as this transaction sees it; when `is_kept`, nobody changes it before its end."""
    row = connection.execute(KEPT if is_kept else NOW).mappings().first()
    return Stop.model_validate({name: row[name] for name in Stop.model_fields}) if row else None
