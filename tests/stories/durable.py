"""A world whose outside survives the process: twins that keep themselves in files, for stories of crashes."""

from __future__ import annotations

import fcntl
import inspect
import os
import pickle
import re
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata

from orchestrate.models.change import Check, CheckState, NewChange, Review, ReviewVerdict
from orchestrate.models.deployment import Deployment, ForApproval, Lease, Status
from orchestrate.models.effect import Effect
from orchestrate.models.environment import Environment, Monitoring
from orchestrate.models.move import words
from orchestrate.models.task import NewTask, Priority, Queue
from orchestrate.positions.on_sqlite import SqlitePositions
from orchestrate.store.database import Database
from orchestrate.store.effects import Effects
from tests.stories.places import quick
from tests.stories.twins import Clock, Outside, outside
from tests.stories.world import World, assembled

T = TypeVar("T")
LEASE = 1.0
FIXED = {"_clock", "_rules", "at", "slow", "before_merge", "before_preview"}
"""What a twin is made with, and never changes."""

ENDED = 9
"""What a process ends with that is ended in the middle."""


class Kept:
    """A twin that is read from its file before each question, and written after it."""

    def __init__(self, twin: object, file: Path) -> None:
        self._twin, self._file = twin, file

    def __getattr__(self, name: str) -> object:
        with self._current():
            found = getattr(self._twin, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def asked(*args: object, **named: object) -> object:
            with self._current():
                return await found(*args, **named)

        return asked

    @contextmanager
    def _current(self) -> Generator[None]:
        with self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._file.exists():
                vars(self._twin).update(pickle.loads(self._file.read_bytes()))
            try:
                yield
            finally:
                self.keep()

    def keep(self) -> None:
        """Write it down."""
        state = {name: value for name, value in vars(self._twin).items() if name not in FIXED}
        self._file.write_bytes(pickle.dumps(state))


def kept(twin: T, file: Path) -> T:
    """The twin, in a file."""
    made = Kept(twin, file)
    if not file.exists():
        made.keep()
    return cast(T, made)


def place(folder: Path) -> Environment:
    """Production, watched by two samples, where a person starts a rollback."""
    watch = Monitoring(period=10, sample=5, report=30, alerts=("errors",))
    return quick(folder, monitoring=watch, auto_rollback=False)


@asynccontextmanager
async def lasting(folder: Path) -> AsyncGenerator[World, None]:
    """The world in this folder: as it was left, or new."""
    environments = {"production": place(folder)}
    clock = Clock(float((folder / "clock").read_text()) if (folder / "clock").exists() else 1_800_000_000.0)
    memory = outside(tuple(environments), clock)
    if not (folder / "clock").exists():
        await memory.begin(environments)
        await something_to_do(memory)
        (folder / "clock").write_text(str(clock.now))
    around = Outside(
        clock=clock,
        tracker=kept(memory.tracker, folder / "tracker.twin"),
        forge=kept(memory.forge, folder / "forge.twin"),
        records=memory.records,
        providers={"production": kept(memory.provider, folder / "production.twin")},
        metrics=memory.metrics,
    )
    async with assembled(folder, around, environments) as here:
        here.runner = replace(here.runner, lease_seconds=LEASE)
        yield here


async def something_to_do(around: Outside) -> None:
    """A reviewed change, and the task that ships it."""
    around.forge.write("faster", {"faster.py": "new"}, "Work", since="main")
    new = NewChange(branch="faster", base="main", title="Faster", author="mira")
    change = await around.forge.open(new)
    at = datetime.fromtimestamp(around.clock.now, UTC)
    said = Review(by="rob", verdict=ReviewVerdict.APPROVED, sha=change.head, at=at)
    around.records.review(change.id, said)
    around.records.check(change.id, Check(name="tests", state=CheckState.PASSED, sha=change.head))
    await around.tracker.create(
        NewTask(
            title="Ship it",
            description="",
            queue=Queue.DEPLOY,
            status="Ready to Deploy",
            priority=Priority.P2,
            marker="",
            change=change.id,
        )
    )


class Ends:
    """Ends this process at the `at`-th point that it comes to, as kill -9 would; 0: never."""

    def __init__(self, folder: Path, clock: Clock, at: int) -> None:
        self.folder, self.clock, self.at = folder, clock, at
        self.passed: list[str] = []

    def point(self, name: str) -> None:
        """Pass a point, or end there."""
        self.passed.append(name)
        if len(self.passed) == self.at:
            (self.folder / "clock").write_text(str(self.clock.now + 2 * LEASE))
            os._exit(ENDED)


class EndingEffects(Effects):
    """Remembers effects, with a point before and after each line that is written."""

    def __init__(self, database: Database, ends: Ends) -> None:
        super().__init__(database)
        self._ends = ends

    def intend(self, lease: Lease, key: str, name: str, args_json: str) -> Effect:
        self._ends.point(f"before intent of {name}")
        effect = super().intend(lease, key, name, args_json)
        self._ends.point(f"after intent of {name}")
        return effect

    def done(self, lease: Lease, key: str, receipt_json: str) -> None:
        self._ends.point("after effect")
        super().done(lease, key, receipt_json)
        self._ends.point("after receipt")


def arm(here: World, ends: Ends) -> None:
    """Put points around every effect, and after every superstep."""
    database = here.store.deployments._database
    here.store.effects = EndingEffects(database, ends)
    saver = here.runner.saver
    assert isinstance(saver, SqlitePositions)
    put = saver.aput

    async def ending(
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        kept = await put(config, checkpoint, metadata, new_versions)
        ends.point("superstep")
        return kept

    saver.aput = ending


Trouble = Callable[[World], None]


async def carry_on(folder: Path, trouble: Trouble, at: int = 0) -> tuple[list[str], list[str]]:
    """Do what is left to do, with Ada at hand; what was passed, and how it ended."""
    async with lasting(folder) as here:
        trouble(here)
        ends = Ends(folder, here.clock, at)
        arm(here, ends)
        await here.intake.claim("test")
        (row,) = here.store.deployments.latest()
        row = await to_the_end(here, row)
        return ends.passed, await ending_of(here, row)


async def to_the_end(here: World, row: Deployment) -> Deployment:
    """Drive, let time pass, and approve what is asked."""
    for _ in range(200):
        if here.is_due(row.id):
            await here.runner.drive(row.id)
        row = here.store.deployments.deployment(row.id)
        if row.status is Status.FINISHED:
            return row
        if isinstance(row.waits_for, ForApproval) and not here.is_due(row.id):
            await here.approve(row.id)
        elif not here.is_due(row.id):
            await here.wait(5)
    raise AssertionError(f"no end: {row}")


async def ending_of(here: World, row: Deployment) -> list[str]:
    """Everything that may not differ from an undisturbed ending, without ids and times."""
    tasks = await here.tracker.tasks(only_open=False)
    comments = [one.text for task in tasks for one in await here.tracker.comments(task.id)]
    provider = here.provider
    return [
        f"outcome {row.outcome}",
        *sorted(f"comment {marker}" for text in comments for marker in _markers(text)),
        *sorted(f"task {task.queue} {task.status} {_plain(task.title)}" for task in tasks),
        *(f"merge {order.change}" for order in here.forge.merges),
        *(f"move {words(move)}" for move in provider.done if move.kind != "drain"),
        f"traffic {provider.weights}",
        f"lock {here.store.locks.holder('production', 'shop')}",
        f"quarantined {len(here.store.quarantine.active('production', 'shop'))}",
    ]


def _markers(text: str) -> list[str]:
    return [_plain(one) for one in re.findall(r"<!-- orchestrate:(.*?) -->", text)]


def _plain(text: str) -> str:
    text = re.sub(r"01[0-9A-HJKMNP-TV-Z]{24}", "DEPLOYMENT", text)
    return re.sub(r" in \d+ .*$", "", re.sub(r"\bQ[0-9A-Z]{5,}\b", "QUESTION", text))
