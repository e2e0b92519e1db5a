"""Tasks: the data of the built-in tracker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping, bindparam, delete, select, update

from orchestrate.errors import Refused
from orchestrate.models.task import Label, NewTask, Queue, Task, TaskMetadata
from orchestrate.store.comments import Comments
from orchestrate.store.database import Database
from orchestrate.store.rows import Value, clean, fact, insert_once
from orchestrate.store.tables import dependencies, tasks
from orchestrate.store.task_ids import known_number, task_id

rows = tasks.c
before = tasks.alias("before")
LABELS: TypeAdapter[tuple[Label, ...]] = TypeAdapter(tuple[Label, ...])

OPEN = rows.succeeded.is_(None)
BY_NUMBER = select(tasks).where(rows.number == bindparam("wanted"))
BY_MARKER = select(tasks).where(rows.marker == bindparam("hidden"))
ALL = select(tasks).order_by(rows.number)
IN_THE_WAY = (
    select(dependencies.c.on)
    .join(before, before.c.number == dependencies.c.on)
    .where(dependencies.c.task == rows.number, before.c.succeeded.is_not(True))
)
READY = (
    select(tasks)
    .where(OPEN, rows.queue == bindparam("in_queue"), rows.status == bindparam("in_status"))
    .where(~IN_THE_WAY.exists())
    .order_by(rows.priority, rows.created_at, rows.number)
)
DEPENDENTS = (
    select(tasks)
    .join(dependencies, dependencies.c.task == rows.number)
    .where(OPEN, dependencies.c.on == bindparam("wanted"))
    .order_by(rows.number)
)
EDGES = (
    select(dependencies.c.task, dependencies.c.on)
    .where(dependencies.c.task.in_(bindparam("numbers", expanding=True)))
    .order_by(dependencies.c.on)
)
MOVE = (
    update(tasks)
    .where(rows.number == bindparam("wanted"))
    .values(status=bindparam("to"), closed_reason=None, succeeded=None)
)
REQUEUE = update(tasks).where(rows.number == bindparam("wanted")).values(queue=bindparam("to_queue"))
CLOSE = (
    update(tasks)
    .where(rows.number == bindparam("wanted"))
    .values(status=bindparam("to"), closed_reason=bindparam("why"), succeeded=bindparam("well"))
)
RELABEL = update(tasks).where(rows.number == bindparam("wanted")).values(labels=bindparam("marks"))
UNLINK = delete(dependencies).where(
    dependencies.c.task == bindparam("waiting"), dependencies.c.on == bindparam("other")
)


class TaskBook:
    """Tasks with their queues, dependencies, labels and threads; ids are T-1, T-2, …"""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.comments = Comments(database)

    def add(self, new: NewTask) -> Task:
        """File a task; a marker that is known gives the task that carries it. Raises UnknownTask."""
        with self._database.writing() as connection:
            known = connection.execute(BY_MARKER, {"hidden": new.marker}).mappings().first()
            if known is not None:
                return _tasks(connection, [known])[0]
            waits_for = [known_number(connection, on) for on in new.depends_on]
            number = int(insert_once(connection, tasks, _row(new, self._database.clock())) or 0)
            if not number:  # another process filed it meanwhile
                return _tasks(connection, [_by_marker(connection, new.marker)])[0]
            for on in waits_for:
                insert_once(connection, dependencies, {"task": number, "on": on})
            return _task(connection, number)

    def task(self, id: str) -> Task:
        """One task. Raises UnknownTask."""
        with self._database.reading() as connection:
            return _task(connection, known_number(connection, id))

    def find(self, marker: str) -> Task | None:
        """The task that carries `marker`, open or closed."""
        with self._database.reading() as connection:
            row = connection.execute(BY_MARKER, {"hidden": marker}).mappings().first()
            return _tasks(connection, [row])[0] if row else None

    def all(self, *, only_open: bool = True) -> tuple[Task, ...]:
        """Every (open) task, oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(ALL.where(OPEN) if only_open else ALL).mappings().all()
            return _tasks(connection, found)

    def ready(self, queue: Queue, status: str) -> tuple[Task, ...]:
        """Open tasks in this queue and status whose dependencies all succeeded: urgent first, then old."""
        asked = {"in_queue": queue, "in_status": status}
        with self._database.reading() as connection:
            return _tasks(connection, connection.execute(READY, asked).mappings().all())

    def dependents(self, id: str) -> tuple[Task, ...]:
        """Open tasks that wait for this one. Raises UnknownTask."""
        with self._database.reading() as connection:
            asked = {"wanted": known_number(connection, id)}
            return _tasks(connection, connection.execute(DEPENDENTS, asked).mappings().all())

    def move(self, id: str, status: str, queue: Queue | None = None) -> None:
        """Change status (and queue); a closed task is open again. Raises UnknownTask."""
        with self._database.writing() as connection:
            number = known_number(connection, id)
            connection.execute(MOVE, {"wanted": number, "to": status})
            if queue is not None:
                connection.execute(REQUEUE, {"wanted": number, "to_queue": queue})

    def close(self, id: str, reason: str, status: str, *, succeeded: bool) -> None:
        """Close it; what depends on it becomes ready only when it `succeeded`. Raises UnknownTask."""
        with self._database.writing() as connection:
            number = known_number(connection, id)
            end = {"to": status, "why": clean(reason), "well": succeeded}
            connection.execute(CLOSE, {"wanted": number, **end})

    def depend(self, id: str, on: str, instead_of: str | None = None) -> None:
        """Make it wait for `on`, and no longer for `instead_of`. Raises UnknownTask, Refused (a circle)."""
        with self._database.writing() as connection:
            number, other = known_number(connection, id), known_number(connection, on)
            if number == other or number in _waited_for(connection, other):
                raise Refused(f"{id} cannot wait for {on}: {on} waits for {id}")
            insert_once(connection, dependencies, {"task": number, "on": other})
            if instead_of is not None:
                old = known_number(connection, instead_of)
                connection.execute(UNLINK, {"waiting": number, "other": old})

    def label(self, id: str, label: Label) -> None:
        """Put a label; the same name by the same person stands once. Raises UnknownTask."""
        with self._database.writing() as connection:
            number = known_number(connection, id)
            row = connection.execute(BY_NUMBER.with_for_update(), {"wanted": number}).mappings().one()
            others = (one for one in LABELS.validate_json(row["labels"]) if _mark(one) != _mark(label))
            marks = LABELS.dump_json((*others, label)).decode()
            connection.execute(RELABEL, {"wanted": number, "marks": marks})


def _mark(label: Label) -> tuple[str, str]:
    return label.name, label.by


def _row(new: NewTask, now: float) -> dict[str, Value]:
    return {
        "title": clean(new.title),
        "description": clean(new.description),
        "queue": new.queue,
        "status": new.status,
        "priority": int(new.priority),
        "change": new.change,
        "labels": LABELS.dump_json(new.labels).decode(),
        "metadata": new.metadata.model_dump_json(),
        "discovered_from": new.discovered_from,
        "workspace": new.workspace,
        "created_by": new.created_by,
        "created_at": now,
        "marker": new.marker or None,
    }


def _by_marker(connection: Connection, marker: str) -> RowMapping:
    return connection.execute(BY_MARKER, {"hidden": marker}).mappings().one()


def _waited_for(connection: Connection, number: int) -> set[int]:
    """All that `number` waits for, however far away."""
    found: set[int] = set()
    edge = {number}
    while edge:
        edges = connection.execute(EDGES, {"numbers": sorted(edge)})
        edge = {int(row.on) for row in edges} - found
        found |= edge
    return found


def _task(connection: Connection, number: int) -> Task:
    return _tasks(connection, connection.execute(BY_NUMBER, {"wanted": number}).mappings().all())[0]


def _tasks(connection: Connection, found: Sequence[RowMapping]) -> tuple[Task, ...]:
    waits: dict[int, list[str]] = {row["number"]: [] for row in found}
    if waits:
        for edge in connection.execute(EDGES, {"numbers": list(waits)}):
            waits[edge.task].append(task_id(edge.on))
    return tuple(
        fact(
            Task,
            row,
            id=task_id(row["number"]),
            labels=LABELS.validate_json(row["labels"]),
            metadata=TaskMetadata.model_validate_json(row["metadata"]),
            depends_on=tuple(waits[row["number"]]),
            created_at=datetime.fromtimestamp(row["created_at"], UTC),
        )
        for row in found
    )
