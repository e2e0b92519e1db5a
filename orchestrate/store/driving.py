"""Driving: what every change to a driven deployment shares, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, select, update

from orchestrate.errors import LeaseLost
from orchestrate.models.deployment import Lease, Status
from orchestrate.store.letter_tables import letter_threads
from orchestrate.store.tables import UNFINISHED, deployments

rows = deployments.c

LEASE_OF = (
    select(rows.lease_token, rows.lease_until).where(rows.id == bindparam("deployment")).with_for_update()
)
WAKE = (
    update(deployments)
    .where(rows.id == bindparam("deployment"), rows.status == Status.WAITING)
    .values(wake_at=0.0, due_at=func.coalesce(rows.lease_until, 0.0))
)
WAKE_TURNS = (
    update(deployments)
    .where(
        UNFINISHED,
        rows.environment == bindparam("place"),
        rows.status == Status.WAITING,
        rows.waits_for.like('{"kind":"turn"%'),
    )
    .values(wake_at=0.0, due_at=func.coalesce(rows.lease_until, 0.0))
)
THREAD_LEASE_OF = (
    select(letter_threads.c.lease_token, letter_threads.c.lease_until)
    .where(letter_threads.c.thread == bindparam("thread"))
    .with_for_update()
)
LOCK = select(rows.id).where(rows.id == bindparam("deployment")).with_for_update()


def hold(connection: Connection, lease: Lease, now: float) -> None:
    """Lock what the lease is about, a deployment or a thread of the outbox, to the end of the transaction.

    Raises LeaseLost.
    """
    if lease.thread is not None:
        found = connection.execute(THREAD_LEASE_OF, {"thread": lease.thread}).first()
    else:
        found = connection.execute(LEASE_OF, {"deployment": lease.deployment}).first()
    if found is None or found.lease_token != lease.token or (found.lease_until or 0.0) <= now:
        raise LeaseLost(lease.deployment, lease.token)


def lock(connection: Connection, deployment: str) -> None:
    """Lock the row: whoever changes a deployment's questions or watches does this first."""
    connection.execute(LOCK, {"deployment": deployment})


def wake(connection: Connection, ids: Sequence[str]) -> None:
    """Make those of `ids` that wait due at once."""
    for deployment in ids:
        connection.execute(WAKE, {"deployment": deployment})


def wake_turns(connection: Connection, environment: str) -> None:
    """Make those that wait for their turn in `environment` due at once."""
    connection.execute(WAKE_TURNS, {"place": environment})
