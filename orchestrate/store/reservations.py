"""Reservations: which files each deployment works on."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, or_, select

from orchestrate.models.deployment import Status
from orchestrate.models.learning import Held, Reservation, covers
from orchestrate.store.database import Database
from orchestrate.store.rows import clean
from orchestrate.store.tables import deployments
from orchestrate.store.work_tables import reservations

rows = reservations.c

FORGET = delete(reservations).where(rows.holder == bindparam("whose"))
FORGET_ONE = FORGET.where(rows.path == bindparam("which"))
ADD = insert(reservations)
CURRENT = (
    select(rows.holder, rows.path, rows.service, rows.reason, rows.until, rows.exclusive)
    .join(deployments, deployments.c.id == rows.holder, isouter=True)
    .where(
        rows.service == bindparam("which"),
        rows.until > bindparam("now"),
        or_(rows.exclusive, deployments.c.status != Status.FINISHED),
    )
    .order_by(rows.path, rows.holder)
)
"""What a deployment that has ended forgot to give back is nobody's; a person is no deployment."""
OTHERS = CURRENT.where(rows.holder != bindparam("whose"))


class ReservationBook:
    """Remembers who works on what."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, wanted: Reservation) -> tuple[Held, ...]:
        """Note the files in place of what the holder had; those of them that others hold too."""
        with self._database.writing() as connection:
            connection.execute(FORGET, {"whose": wanted.holder})
            _add(connection, wanted)
            return self._others(connection, wanted)

    def add(self, wanted: Reservation) -> tuple[Held, ...]:
        """Note the files beside what the holder has; those of them that others hold too."""
        with self._database.writing() as connection:
            for path in wanted.files:
                connection.execute(FORGET_ONE, {"whose": wanted.holder, "which": clean(path)})
            _add(connection, wanted)
            return self._others(connection, wanted)

    def others(self, wanted: Reservation) -> tuple[Held, ...]:
        """Those of the files that others than the holder hold now."""
        with self._database.reading() as connection:
            return self._others(connection, wanted)

    def all(self, service: str) -> tuple[Held, ...]:
        """Everything that is held now."""
        asked = {"which": service, "now": self._database.clock()}
        with self._database.reading() as connection:
            return tuple(_held(row, row["path"]) for row in connection.execute(CURRENT, asked).mappings())

    def give_back(self, holder: str, paths: Collection[str] = ()) -> int:
        """Forget what the holder had, or these paths of it; how many there were."""
        with self._database.writing() as connection:
            if not paths:
                return connection.execute(FORGET, {"whose": holder}).rowcount
            asked = ({"whose": holder, "which": clean(path)} for path in paths)
            return sum(connection.execute(FORGET_ONE, one).rowcount for one in asked)

    def _others(self, connection: Connection, wanted: Reservation) -> tuple[Held, ...]:
        asked = {"which": wanted.service, "whose": wanted.holder, "now": self._database.clock()}
        ours = {clean(path) for path in wanted.files}
        found = connection.execute(OTHERS, asked).mappings().all()
        return tuple(_held(row, path) for row in found for path in _meant(row, ours))


def _add(connection: Connection, wanted: Reservation) -> None:
    common = {"holder": wanted.holder, "service": wanted.service, "until": wanted.until}
    common |= {"reason": clean(wanted.reason), "exclusive": wanted.exclusive}
    values = [{**common, "path": path} for path in sorted({clean(path) for path in wanted.files})]
    if values:
        connection.execute(ADD, values)


def _meant(row: RowMapping, ours: Collection[str]) -> Collection[str]:
    """Which of ours a row is about: people write patterns."""
    if row["exclusive"]:
        return [path for path in sorted(ours) if covers(row["path"], path)]
    return [row["path"]] if row["path"] in ours else []


def _held(row: RowMapping, path: str) -> Held:
    return Held(
        path=path, by=row["holder"], reason=row["reason"], until=row["until"], exclusive=row["exclusive"]
    )
