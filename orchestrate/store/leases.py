"""Leases: the right to drive one deployment, for a while."""

from __future__ import annotations

from sqlalchemy import bindparam, case, or_, select, update

from orchestrate.errors import LeaseLost
from orchestrate.models.deployment import Lease, Status
from orchestrate.store.database import Database
from orchestrate.store.letter_tables import letter_threads
from orchestrate.store.tables import deployments

rows = deployments.c

TAKE = (
    update(deployments)
    .where(
        rows.id == bindparam("deployment"),
        rows.status != Status.FINISHED,
        or_(rows.lease_until.is_(None), rows.lease_until <= bindparam("now")),
    )
    .values(
        lease_worker=bindparam("worker"),
        lease_token=rows.lease_token + 1,
        lease_until=bindparam("until"),
        due_at=bindparam("until"),
    )
    .returning(rows.lease_token)
)
RENEW = (
    update(deployments)
    .where(
        rows.id == bindparam("deployment"),
        rows.lease_token == bindparam("token"),
        rows.lease_until > bindparam("now"),
        rows.status != Status.FINISHED,
    )
    .values(lease_until=bindparam("until"), due_at=bindparam("until"))
)
RELEASE = (
    update(deployments)
    .where(
        rows.id == bindparam("deployment"),
        rows.lease_token == bindparam("token"),
        rows.status != Status.FINISHED,
    )
    .values(
        lease_worker=None,
        lease_until=None,
        due_at=case(
            (rows.status == Status.WAITING, rows.wake_at),
            (rows.status == Status.ACCEPTED, rows.created_at),
            else_=0.0,
        ),
    )
)
CURRENT = select(rows.id).where(
    rows.id == bindparam("deployment"),
    rows.lease_token == bindparam("token"),
    rows.lease_until > bindparam("now"),
)

MAY_TELL = select(letter_threads.c.thread).where(
    letter_threads.c.thread == bindparam("thread"),
    letter_threads.c.lease_token == bindparam("token"),
    letter_threads.c.lease_until > bindparam("now"),
)


class Leases:
    """Gives each deployment to one worker at a time; every lease has a higher token than the last."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, deployment: str, worker: str, seconds: float) -> Lease | None:
        """The right to drive it, or None where another holds it, or nothing is left to drive."""
        now = self._database.clock()
        asked = {"deployment": deployment, "worker": worker, "now": now, "until": now + seconds}
        with self._database.writing() as connection:
            token = connection.execute(TAKE, asked).scalar()
        if token is None:
            return None
        return Lease(deployment=deployment, worker=worker, token=token, until=now + seconds)

    def renew(self, lease: Lease, seconds: float) -> Lease:
        """The same right for `seconds` from now. Raises LeaseLost, also when it ran out."""
        now = self._database.clock()
        asked = {"deployment": lease.deployment, "token": lease.token, "now": now, "until": now + seconds}
        with self._database.writing() as connection:
            if connection.execute(RENEW, asked).rowcount == 0:
                raise LeaseLost(lease.deployment, lease.token)
        return lease.model_copy(update={"until": now + seconds})

    def release(self, lease: Lease) -> None:
        """Give it back; one that was lost is not there to be given back."""
        with self._database.writing() as connection:
            connection.execute(RELEASE, {"deployment": lease.deployment, "token": lease.token})

    def is_current(self, lease: Lease) -> bool:
        """Whether it still gives the right, to drive or to tell."""
        asked = {"deployment": lease.deployment, "token": lease.token, "now": self._database.clock()}
        with self._database.reading() as connection:
            if lease.thread is not None:
                asked["thread"] = lease.thread
                return connection.execute(MAY_TELL, asked).first() is not None
            return connection.execute(CURRENT, asked).first() is not None
