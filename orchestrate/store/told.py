"""What the audit is told of people's decisions and of claims, in the words that it keeps."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import Decision, Lease, Request
from orchestrate.models.question import Question
from orchestrate.store.chain import note, short
from orchestrate.store.tables import deployments

rows = deployments.c

CLAIM = select(rows.request, rows.started_at).where(rows.id == bindparam("asked"))


def claimed(connection: Connection, lease: Lease) -> None:
    """Who asked for a deployment, told when it is driven first, and so before anything is done for it.

    A claim itself is one insert, and four workers make thousands in a second.
    """
    row = connection.execute(CLAIM, {"asked": lease.deployment}).first()
    if row is None or row.started_at is not None:
        return
    request = Request.model_validate_json(row.request)
    facts = {f"override {one.gate}": f"{one.by}: {one.reason}" for one in request.overrides}
    facts |= {"environment": request.environment, "task": request.task or "", "for": request.requested_by}
    _note(connection, AuditKind.CLAIMED, lease, request=short(row.request), **facts)


def decided(connection: Connection, question: Question, said: Decision) -> None:
    """A person's answer, whether it is enough already or not; their words as a hash."""
    facts = {"question": question.id, "gate": question.gate_kind, "plan": said.plan_hash}
    facts |= {"answer": said.kind, "channel": said.channel, "text": short(said.text)}
    note(connection, AuditKind.DECIDED, deployment=question.deployment, by=said.by, **facts)


def used(connection: Connection, question: Question, lease: Lease) -> None:
    """The first change that an answer let through."""
    _note(connection, AuditKind.USED, lease, question=question.id, plan=question.plan_hash)


def _note(connection: Connection, kind: AuditKind, lease: Lease, **facts: str) -> None:
    note(connection, kind, deployment=lease.deployment, by=lease.worker, **facts)
