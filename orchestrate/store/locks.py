"""Locks: one deployment at a time changes a service in an environment."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, select

from orchestrate.errors import Refused
from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import Status
from orchestrate.store.chain import note
from orchestrate.store.database import Database
from orchestrate.store.driving import wake_turns
from orchestrate.store.rows import insert_once
from orchestrate.store.tables import deployments, locks

HOLDER = select(locks.c.deployment).where(
    locks.c.environment == bindparam("place"), locks.c.service == bindparam("what")
)
HELD_BY = delete(locks).where(locks.c.deployment == bindparam("holder")).returning(locks.c.environment)
IS_FINISHED = select(deployments.c.id).where(
    deployments.c.id == bindparam("holder"), deployments.c.status == Status.FINISHED
)


class Locks:
    """Knows who may change what, across workers and restarts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, environment: str, service: str, deployment: str) -> str:
        """The holder's id: `deployment` itself when it holds the lock now.

        Raises Refused for a deployment that is finished: nobody would ever release its lock.
        """
        row = {"environment": environment, "service": service, "deployment": deployment}
        with self._database.writing() as connection:
            if connection.execute(IS_FINISHED, {"holder": deployment}).first():
                raise Refused(f"deployment {deployment} is finished and can hold nothing")
            found = None
            while found is None:  # it may be freed between the two looks
                taken = insert_once(connection, locks, {**row, "at": self._database.clock()})
                if taken is not None:
                    facts = {"environment": environment, "service": service}
                    note(connection, AuditKind.LOCKED, deployment=deployment, **facts)
                found = deployment if taken is not None else holder(connection, environment, service)
            return found

    def holder(self, environment: str, service: str) -> str | None:
        with self._database.reading() as connection:
            return holder(connection, environment, service)

    def release(self, deployment: str) -> None:
        """Free what it holds, and wake those that wait for their turn."""
        with self._database.writing() as connection:
            release(connection, deployment)


def holder(connection: Connection, environment: str, service: str) -> str | None:
    """Who holds the lock, as this transaction sees it."""
    return connection.execute(HOLDER, {"place": environment, "what": service}).scalar()


def release(connection: Connection, deployment: str) -> None:
    """Free what `deployment` holds, and wake those that wait for their turn, in this transaction."""
    for environment in connection.execute(HELD_BY, {"holder": deployment}).scalars().all():
        wake_turns(connection, environment)
        note(connection, AuditKind.FREED, deployment=deployment, environment=environment)
