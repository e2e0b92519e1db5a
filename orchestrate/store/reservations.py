"""Reservations: which files each deployment works on."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, insert, select

from orchestrate.models.deployment import Status
from orchestrate.models.learning import Held, Reservation
from orchestrate.store.database import Database
from orchestrate.store.rows import clean
from orchestrate.store.tables import deployments
from orchestrate.store.work_tables import reservations

rows = reservations.c

FORGET = delete(reservations).where(rows.holder == bindparam("whose"))
ADD = insert(reservations)
OTHERS = (
    select(rows.holder, rows.path, rows.reason, rows.until)
    .join(deployments, deployments.c.id == rows.holder)
    .where(
        rows.service == bindparam("which"),
        rows.holder != bindparam("whose"),
        rows.until > bindparam("now"),
        deployments.c.status != Status.FINISHED,
    )
    .order_by(rows.path, rows.holder)
)
"""What a deployment that has ended forgot to give back is nobody's."""


class ReservationBook:
    """Remembers who works on what."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, wanted: Reservation) -> tuple[Held, ...]:
        """Note the files in place of what the holder had; those of them that others hold too."""
        ours = {clean(path) for path in wanted.files}
        common = {"holder": wanted.holder, "service": wanted.service, "until": wanted.until}
        values = [{**common, "path": path, "reason": clean(wanted.reason)} for path in sorted(ours)]
        with self._database.writing() as connection:
            connection.execute(FORGET, {"whose": wanted.holder})
            if values:
                connection.execute(ADD, values)
            return self._others(connection, wanted)

    def others(self, wanted: Reservation) -> tuple[Held, ...]:
        """Those of the files that others than the holder hold now."""
        with self._database.reading() as connection:
            return self._others(connection, wanted)

    def _others(self, connection: Connection, wanted: Reservation) -> tuple[Held, ...]:
        asked = {"which": wanted.service, "whose": wanted.holder, "now": self._database.clock()}
        ours = {clean(path) for path in wanted.files}
        return tuple(
            Held(path=row.path, by=row.holder, reason=row.reason, until=row.until)
            for row in connection.execute(OTHERS, asked)
            if row.path in ours
        )

    def give_back(self, holder: str) -> None:
        """Forget what the holder had."""
        with self._database.writing() as connection:
            connection.execute(FORGET, {"whose": holder})
