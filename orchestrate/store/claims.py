"""Claims: a new deployment's row is the claim of its task."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from orchestrate.errors import TaskClaimed
from orchestrate.models.deployment import Deployment, Request, Rest, Status
from orchestrate.store.database import Database
from orchestrate.store.rows import Value, fact
from orchestrate.store.tables import UNFINISHED, deployments

INSERT = insert(deployments)
CLAIMANT = select(deployments.c.id).where(UNFINISHED, deployments.c.task == bindparam("claimed"))
WAIT: TypeAdapter[Rest] = TypeAdapter(Rest)


def insert_claim(
    connection: Connection, id: str, request: Request, service: str, graph_version: int, now: float
) -> Deployment:
    """Insert the row of a new deployment. Raises IntegrityError where its task is claimed."""
    row: dict[str, Value] = {
        "id": id,
        "request": request.model_dump_json(exclude_defaults=True),
        "service": service,
        "environment": request.environment,
        "task": request.task,
        "status": Status.ACCEPTED,
        "crashes": 0,
        "reason": "",
        "graph_version": graph_version,
        "created_at": now,
        "lease_token": 0,
        "due_at": now,
    }
    connection.execute(INSERT, row)
    return Deployment(
        id=id,
        request=request,
        service=service,
        environment=request.environment,
        status=Status.ACCEPTED,
        graph_version=graph_version,
        created_at=_moment(now),
    )


@contextmanager
def one_per_task(database: Database, task: str | None) -> Generator[None]:
    """Turns the database's refusal of a second claim into TaskClaimed."""
    try:
        yield
    except IntegrityError as problem:
        with database.reading() as connection:
            holder = connection.execute(CLAIMANT, {"claimed": task}).scalar()
        raise TaskClaimed(task or "", holder or "another deployment") from problem


def deployment_of(row: RowMapping) -> Deployment:
    """The row as the fact it stands for."""
    return fact(
        Deployment,
        row,
        request=Request.model_validate_json(row["request"]),
        waits_for=WAIT.validate_json(row["waits_for"]) if row["waits_for"] else None,
        created_at=_moment(row["created_at"]),
        started_at=_moment(row["started_at"]) if row["started_at"] is not None else None,
        finished_at=_moment(row["finished_at"]) if row["finished_at"] is not None else None,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
