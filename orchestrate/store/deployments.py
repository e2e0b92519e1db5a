"""Deployments: the rows that say what was asked for, how far it is, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Update, bindparam, func, or_, select, update

from orchestrate.errors import LeaseLost, UnknownDeployment
from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import Deployment, Lease, Outcome, Request, Rest, Stage, Status, Told
from orchestrate.models.plan import Plan
from orchestrate.store import chain, claims, events, finishing, plans, waiting
from orchestrate.store.database import Database
from orchestrate.store.driving import wake
from orchestrate.store.rows import Ulids, Value, clean
from orchestrate.store.tables import UNFINISHED, deployments
from orchestrate.store.told import claimed

rows = deployments.c
SHORTEST_PREFIX = 4

BY_ID = select(deployments).where(rows.id == bindparam("deployment"))
BY_PREFIX = (
    select(rows.id)
    .where(rows.id >= bindparam("prefix"), rows.id <= bindparam("end"))
    .order_by(rows.id)
    .limit(5)
)
DUE = (
    select(rows.id)
    .where(
        rows.due_at <= bindparam("now"),
        or_(rows.status != Status.WAITING, rows.wake_at <= bindparam("now")),
    )
    .order_by(rows.due_at, rows.id)
    .limit(bindparam("most"))
)
NEWEST = select(func.max(rows.id))
NEXT_WAKE = select(func.min(rows.wake_at))
HELD = (
    rows.id == bindparam("deployment"),
    rows.lease_token == bindparam("token"),
    rows.lease_until > bindparam("now"),
    rows.status != Status.FINISHED,
)
ENTER = (
    update(deployments)
    .where(*HELD)
    .values(
        stage=bindparam("at_stage"),
        status=Status.RUNNING,
        started_at=func.coalesce(rows.started_at, bindparam("now")),
        waits_for=None,
        wake_at=None,
    )
)
WAIT = (
    update(deployments)
    .where(*HELD)
    .values(
        status=Status.WAITING,
        waits_for=bindparam("what"),
        wake_at=bindparam("moment"),
        stage=func.coalesce(bindparam("at_stage", type_=rows.stage.type), rows.stage),
    )
)
PLANNED = update(deployments).where(*HELD).values(plan_hash=bindparam("hash"), version=bindparam("name"))
CRASHED = (
    update(deployments)
    .where(rows.id == bindparam("deployment"))
    .values(crashes=rows.crashes + 1)
    .returning(rows.crashes)
)


class Deployments:
    """Accepts deployments, keeps how far they are, and tells which want to be driven."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids = Ulids(database.clock)

    def accept(self, request: Request, service: str, graph_version: int) -> Deployment:
        """Take the work on; for a task this is the claim. Raises TaskClaimed."""
        now = self._database.clock()
        with claims.one_per_task(self._database, request.task), self._database.writing() as connection:
            id = self._ids.next(connection.execute(NEWEST).scalar())
            return claims.insert_claim(connection, id, request, service, graph_version, now)

    def deployment(self, id: str) -> Deployment:
        """The deployment with this id, or the only one whose id begins so (four characters or more).

        Raises UnknownDeployment, with the candidates where several begin so.
        """
        with self._database.reading() as connection:
            row = connection.execute(BY_ID, {"deployment": id}).mappings().first()
            if row is None:
                full = _completed(connection, id)
                row = connection.execute(BY_ID, {"deployment": full}).mappings().one()
        return claims.deployment_of(row)

    def latest(  # noqa: PLR0913  a question with one optional word per column, as the API asks it
        self,
        *,
        environment: str | None = None,
        service: str | None = None,
        task: str | None = None,
        status: Status | None = None,
        outcome: Outcome | None = None,
        limit: int = 20,
        before: str | None = None,
    ) -> tuple[Deployment, ...]:
        """Newest first; `before` is the last id of the page before."""
        asked = {"environment": environment, "service": service, "task": task}
        wanted = {**asked, "status": status, "outcome": outcome}
        found = select(deployments).order_by(rows.id.desc()).limit(limit)
        for name, value in wanted.items():
            if value is not None:
                found = found.where(rows[name] == value)
        if status is not None and status is not Status.FINISHED:
            found = found.where(UNFINISHED)
        if before is not None:
            found = found.where(rows.id < before)
        with self._database.reading() as connection:
            return tuple(claims.deployment_of(row) for row in connection.execute(found).mappings())

    def due(self, now: float, limit: int = 50) -> tuple[str, ...]:
        """What wants to be driven: accepted, waiting until now, or left behind by a worker; longest first."""
        with self._database.reading() as connection:
            return tuple(connection.execute(DUE, {"now": now, "most": limit}).scalars())

    def next_wake(self) -> float | None:
        """When the first waiting deployment wants to wake, in epoch seconds; 0 when it was woken."""
        with self._database.reading() as connection:
            return connection.execute(NEXT_WAKE).scalar()

    def entered(self, lease: Lease, stage: Stage, told: Sequence[Told] = ()) -> None:
        """It is at `stage` now, and its story says so, with what the stage begins with. Raises LeaseLost."""
        now = self._database.clock()
        with self._database.writing() as connection:
            if stage is Stage.PICK_UP:
                claimed(connection, lease)
            _change(connection, lease, ENTER, now, at_stage=stage)
            first = Told(kind="stage", text=stage.value)
            events.tell(connection, lease.deployment, stage, (first, *told), now)

    def waits(self, lease: Lease, wait: Rest, wake_at: float | None, stage: Stage | None = None) -> None:
        """It waits, at `stage` if that is new; when what it waits for is there already, it is due at once.

        Raises LeaseLost.
        """
        what, now = wait.model_dump_json(), self._database.clock()
        with self._database.writing() as connection:
            came = waiting.turn_came(connection, lease.deployment, wait)
            _change(connection, lease, WAIT, now, what=what, moment=wake_at, at_stage=stage)
            if came or waiting.is_answered(connection, wait):
                wake(connection, (lease.deployment,))

    def wake(self, id: str) -> None:
        """Make it due at once, if it waits."""
        with self._database.writing() as connection:
            wake(connection, (id,))

    def planned(self, lease: Lease, plan: Plan) -> None:
        """Keep the plan, and that it is this deployment's. Raises LeaseLost."""
        now = self._database.clock()
        with self._database.writing() as connection:
            hash = plans.insert_plan(connection, plan, now)
            _change(connection, lease, PLANNED, now, hash=hash, name=plan.version.name)
            chain.note(connection, AuditKind.PLANNED, deployment=lease.deployment, by=lease.worker, plan=hash)

    def finish(
        self, lease: Lease, outcome: Outcome, reason: str, followed_by: Request | None = None
    ) -> Deployment | None:
        """The last word: the outcome, the lock freed, questions and watches closed, the follow-up accepted.

        Said once: the same outcome again changes nothing and gives the same follow-up; another raises
        Refused. Raises LeaseLost, and TaskClaimed where the follow-up's task is somebody else's.
        """
        word = finishing.LastWord(
            lease=lease,
            outcome=outcome,
            reason=clean(reason),
            at=self._database.clock(),
            followed_by=followed_by,
            next_id=self._following() if followed_by else None,
        )
        task = followed_by.task if followed_by else None
        with claims.one_per_task(self._database, task), self._database.writing() as connection:
            return finishing.finish(connection, word)

    def _following(self) -> str:
        with self._database.reading() as connection:
            return self._ids.next(connection.execute(NEWEST).scalar())

    def crashed(self, id: str) -> int:
        """Count one more worker that died of it. Raises UnknownDeployment."""
        with self._database.writing() as connection:
            count = connection.execute(CRASHED, {"deployment": id}).scalar()
        if count is None:
            raise UnknownDeployment(id)
        return count


def _change(connection: Connection, lease: Lease, statement: Update, now: float, **values: Value) -> None:
    held = {"deployment": lease.deployment, "token": lease.token, "now": now}
    if connection.execute(statement, {**held, **values}).rowcount == 0:
        raise LeaseLost(lease.deployment, lease.token)


def _completed(connection: Connection, beginning: str) -> str:
    prefix = beginning.upper()
    found: list[str] = []
    if len(prefix) >= SHORTEST_PREFIX:
        asked = {"prefix": prefix, "end": prefix + "Z" * 26}
        found = list(connection.execute(BY_PREFIX, asked).scalars())
    if len(found) != 1:
        raise UnknownDeployment(beginning, found)
    return found[0]
