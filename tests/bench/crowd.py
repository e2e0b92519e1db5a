"""Many deployments that wait: some made by really driving them, the others as copies of their rows."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from orchestrate.app import App, assembled
from orchestrate.models.deployment import Deployment, Request, Status
from orchestrate.models.task import NewTask, Priority, Queue
from orchestrate.settings import load
from tests.bench.disk import taken
from tests.servers.git_remote import GitRemote
from tests.servers.live import does, environment, written

OWNED = ("plans", "questions", "events", "effects", "logs")
"""Tables whose rows belong to a deployment by their column of this name."""


@dataclass
class Crowd:
    """A product on a folder of its own, whose one environment waits for ada."""

    folder: Path
    app: App
    remote: GitRemote
    asked: int = 0

    async def ask(self) -> Deployment:
        """Drive one more deployment to its approval."""
        self.asked += 1
        name = f"version-{self.asked}"
        version = self.remote.write(name, does(page=name), f"Say {name}", since="main")
        new = NewTask(
            title=f"Deploy {name}",
            description="What it does, in a few words.",
            queue=Queue.DEPLOY,
            status="Deploying",
            priority=Priority.P2,
            marker=name,
        )
        task = await self.app.tracker.create(new)
        given = Request(environment="production", task=task.id, version=version, requested_by="rob")
        row = await self.app.runner.drive(self.app.intake.accept(given).id)
        if row.status is not Status.WAITING or row.waits_for is None or row.waits_for.kind != "approval":
            raise RuntimeError(f"{row.id} does not wait for approval: {row.outcome} {row.reason}")
        return row

    @property
    def databases(self) -> tuple[Path, Path]:
        """The store and the positions."""
        store = Path(self.app.store.engine.url.database or "")
        return store, store.with_suffix(".positions.db")

    def bytes(self) -> int:
        """What both databases take on disk, with nothing left in their logs."""
        return taken(self.databases)

    def multiply(self, originals: list[Deployment], copies: int) -> None:
        """Copy everything of each original `copies` times, under other ids."""
        store, positions = self.databases
        with closing(sqlite3.connect(store)) as there, closing(sqlite3.connect(positions)) as here:
            for connection in (there, here):
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA synchronous=OFF")
            for row in originals:
                mine = f"announce/{row.id}/%"
                told = there.execute("SELECT number FROM tasks WHERE marker LIKE ?", (mine,)).fetchall()
                for number in range(copies):
                    new = f"{row.id[:-4]}{number:04d}"
                    _copy_rows(there, row, new, f"{number:06x}")
                    _copy_positions(here, row.id, new)
                    for (task,) in told:
                        _copy_task(there, task, f"{number:06x}")
                    if number % 50 == 0:
                        there.commit()
                        here.commit()
                there.commit()
                here.commit()


@asynccontextmanager
async def crowd(folder: Path) -> AsyncGenerator[Crowd, None]:
    """Nobody waits yet."""
    folder.mkdir(parents=True)
    remote = GitRemote(folder / "shop.git")
    remote.write("main", does(), "Version one")
    asks = environment(
        8080, type="dev", requires_approval=True, gates={"checks": [], "reviews": 0, "backup": False}
    )
    async with assembled(load(written(folder, {"production": asks}))) as app:
        yield Crowd(folder, app, remote)


def _copy_rows(connection: sqlite3.Connection, row: Deployment, new: str, tag: str) -> None:
    hash, task = row.plan_hash or "", row.request.task or ""
    number = _copy_task(connection, int(task.removeprefix("T-")), tag)
    swaps = {row.id: new, hash: f"{hash[:-6]}{tag}", task: f"T-{number}"}
    _copy(connection, "deployments", "id", row.id, swaps)
    for table in OWNED:
        _copy(connection, table, "deployment", row.id, swaps, tag)


def _copy(
    connection: sqlite3.Connection, table: str, key: str, id: str, swaps: Mapping[str, str], tag: str = ""
) -> None:
    """Insert each row once more, with its ids swapped; numbers of its own are given anew."""
    for found in _rows(connection, table, key, id):
        values = {name: found[name] for name in found.keys() if name not in ("number", "seq")}  # noqa: SIM118
        for name, value in values.items():
            if isinstance(value, str):
                for old, new in swaps.items():
                    value = value.replace(old, new)
                values[name] = value
        if table == "questions":
            values["id"] += tag
        _insert(connection, table, values)


def _copy_task(connection: sqlite3.Connection, number: int, tag: str) -> int:
    (found,) = _rows(connection, "tasks", "number", number)
    values = dict(found) | {"marker": f"{found['marker']}/{tag}"}
    del values["number"]
    new = _insert(connection, "tasks", values)
    for said in _rows(connection, "task_comments", "task", number):
        comment = dict(said) | {"task": new}
        del comment["number"]
        _insert(connection, "task_comments", comment)
    return new


@lru_cache(maxsize=64)
def _rows(connection: sqlite3.Connection, table: str, key: str, id: str | int) -> list[sqlite3.Row]:
    """The originals, read once for all their copies."""
    return connection.execute(f"SELECT * FROM {table} WHERE {key} = ?", (id,)).fetchall()


def _insert(connection: sqlite3.Connection, table: str, values: Mapping[str, object]) -> int:
    columns = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" for _ in values)
    done = connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))
    return done.lastrowid or 0


def _copy_positions(connection: sqlite3.Connection, old: str, new: str) -> None:
    for table in ("checkpoints", "writes"):
        for row in _rows(connection, table, "thread_id", old):
            _insert(connection, table, dict(row) | {"thread_id": new})
