"""Finishing: everything that a deployment's last word changes, in one transaction."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from orchestrate.errors import LeaseLost, Refused
from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import Deployment, Lease, Outcome, Request, Status
from orchestrate.models.fact import Fact
from orchestrate.store import claims, locks, questions, watches
from orchestrate.store.chain import note
from orchestrate.store.tables import deployments

ROW = select(deployments).where(deployments.c.id == bindparam("deployment")).with_for_update()
BY_ID = select(deployments).where(deployments.c.id == bindparam("deployment"))
FINISH = (
    update(deployments)
    .where(deployments.c.id == bindparam("deployment"))
    .values(
        status=Status.FINISHED,
        outcome=bindparam("how"),
        reason=bindparam("why"),
        finished_at=bindparam("now"),
        followed_by=bindparam("next_id"),
        waits_for=None,
        wake_at=None,
        due_at=None,
    )
)


class LastWord(Fact):
    """How a deployment ended, and the id kept for what follows it."""

    lease: Lease
    outcome: Outcome
    reason: str
    at: float
    followed_by: Request | None = None
    next_id: str | None = None


def finish(connection: Connection, word: LastWord) -> Deployment | None:
    """Write the last word once; the follow-up, where there is one. Raises LeaseLost, Refused."""
    row = connection.execute(ROW, {"deployment": word.lease.deployment}).mappings().first()
    if row is None or row["lease_token"] != word.lease.token:
        raise LeaseLost(word.lease.deployment, word.lease.token)
    if row["status"] == Status.FINISHED:
        return _said_before(connection, row, word)
    if row["lease_until"] <= word.at:
        raise LeaseLost(word.lease.deployment, word.lease.token)
    _close(connection, word)
    return _follow(connection, row, word)


def _said_before(connection: Connection, row: RowMapping, word: LastWord) -> Deployment | None:
    if row["outcome"] != word.outcome:
        raise Refused(f"deployment {row['id']} ended {row['outcome']} and cannot end {word.outcome} too")
    if row["followed_by"] is None:
        return None
    next_row = connection.execute(BY_ID, {"deployment": row["followed_by"]}).mappings().one()
    return claims.deployment_of(next_row)


def _close(connection: Connection, word: LastWord) -> None:
    deployment = word.lease.deployment
    last = {"deployment": deployment, "how": word.outcome, "why": word.reason, "now": word.at}
    connection.execute(FINISH, {**last, "next_id": word.next_id})
    questions.close_all(connection, deployment, f"the deployment ended: {word.outcome}")
    watches.close_all(connection, deployment, word.at)
    locks.release(connection, deployment)
    facts = {"outcome": word.outcome.value}
    note(connection, AuditKind.ENDED, deployment=deployment, by=word.lease.worker, **facts)


def _follow(connection: Connection, row: RowMapping, word: LastWord) -> Deployment | None:
    if word.followed_by is None or word.next_id is None:
        return None
    return claims.insert_claim(
        connection, word.next_id, word.followed_by, row["service"], row["graph_version"], word.at
    )
