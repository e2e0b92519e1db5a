"""Runs of a deployment over a line that is disturbed: how each ended, and what it asked of the outside."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from agents.model import ScriptedModel
from orchestrate.errors import StartFailed
from orchestrate.models.deployment import DecisionKind, Deployment, ForApproval, Outcome, Status
from orchestrate.models.environment import Database, Environment, Gates, Strategy
from tests.faults.unknown_line import Fault, Line
from tests.stories.durable import ending_of
from tests.stories.places import WEB, production, quick
from tests.stories.twins import Clock, outside
from tests.stories.world import World, assembled
from tools.workspace import create

MOST_STEPS = 3000
COLUMN = "ALTER TABLE products ADD COLUMN title TEXT;\n"
MIGRATION: dict[str, str | None] = {"migrations/0001_title.sql": COLUMN}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One kind of deployment: where it goes, what the change holds, and what goes wrong with the release."""

    environment: Callable[[Path], Environment]
    files: dict[str, str | None]
    fails_at: str = ""  # words of the move that the new version does not survive
    meanwhile: dict[str, str | None] = field(
        default_factory=dict[str, str | None]
    )  # what main gets before it
    says: str = ""  # what a model answers, whatever it is asked


@dataclass(frozen=True, kw_only=True)
class Run:
    """What came of one deployment."""

    outcome: Outcome | None  # None: a person is asked
    reason: str
    ending: list[str]
    told: str  # everything that people can read about it
    line: Line
    holds_lock: bool

    @property
    def is_held(self) -> bool:
        """Whether a person is asked, or called."""
        return self.outcome in (None, Outcome.PARKED)


def with_database(folder: Path) -> Environment:
    """Production with a database whose copy is taken before."""
    file = folder / "shop.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE products (id INTEGER PRIMARY KEY)")
    database = Database(url=f"sqlite:///{file}", dialect="sqlite", migrations="migrations")
    gates = Gates(checks=("tests",), reviews=1, backup=True)
    web = WEB.model_copy(update={"database": database})
    return quick(folder, components=(web,), gates=gates, e2e_tests=True)


def rolling(folder: Path) -> Environment:
    """Production, instance by instance; what does badly is prepared to be reverted."""
    return production(folder, strategy=Strategy.ROLLING, prepare_revert=True)


GOOD = Scene(environment=with_database, files=MIGRATION)
BACK = Scene(environment=rolling, files={}, fails_at="web: traffic green 100 %")
CONFLICT = Scene(
    environment=quick,
    files={"app.py": "mine"},
    meanwhile={"app.py": "theirs"},
    says='{"summary": "Keeps both", "texts": [{"path": "app.py", "text": "both"}]}',
)
SCENES = {"good": GOOD, "back": BACK, "conflict": CONFLICT}


async def run(folder: Path, scene: Scene, effect: str = "", fault: Fault | None = None) -> Run:
    """One deployment from its task to its end, or to the person who must look."""
    folder.mkdir(parents=True, exist_ok=True)
    clock = Clock()
    environments = {"production": scene.environment(folder)}
    memory = outside(tuple(environments), clock)
    if scene.says:
        memory.model = ScriptedModel([scene.says] * MOST_STEPS)
    await memory.begin(environments)
    line = Line(clock, effect, fault)
    async with assembled(folder, line.around(memory), environments) as here:
        plain = replace(here, **vars(memory))  # how people and tests see it: with nothing between
        row = await _begun(plain, scene)
        if scene.fails_at:
            memory.provider.at[scene.fails_at] = _failing(line)
        row = await _ended(here, row)
        return await _result(plain, row, line)


def _failing(line: Line) -> Callable[[], None]:
    def fail() -> None:
        line.is_going_back = True
        raise StartFailed("the router hangs")

    return fail


async def _begun(here: World, scene: Scene) -> Deployment:
    change = await here.propose("faster", {"faster.py": "new", **scene.files})
    if scene.meanwhile:
        here.forge.write("main", scene.meanwhile, "Meanwhile")
    workspace = create(here.crew.workspaces)
    task = await here.task(change, workspace=str(workspace))
    await here.task(change, depends_on=(task.id,), title="Write about it")
    return here.accept("production", task=task.id, change=change.id)


async def _ended(here: World, row: Deployment) -> Deployment:
    """Drive when it is due, let time pass, and approve the plan; whatever else is asked is left open."""
    for _ in range(MOST_STEPS):
        if here.is_due(row.id):
            await here.runner.drive(row.id)
        await here.postman.look()
        row = here.store.deployments.deployment(row.id)
        if row.status is Status.FINISHED:
            await here.told()
            return row
        if here.is_due(row.id):
            continue
        if not isinstance(row.waits_for, ForApproval):
            await _wait(here, row)
        elif row.stage == "approval":
            await here.approve(row.id, DecisionKind.APPROVED)
        else:
            return row
    raise AssertionError(f"no end: {row}")


async def _wait(here: World, row: Deployment) -> None:
    """Until it is due; while something is watched, second by second."""
    if here.store.watches.open_of(row.id):
        return await here.wait(1)
    assert row.wake_at is not None, row
    here.clock.now = max(here.clock.now + 0.5, row.wake_at)
    return None


async def _result(here: World, row: Deployment, line: Line) -> Run:
    ending = [one for one in await ending_of(here, row) if "/watch-" not in one]
    tasks = await here.tracker.tasks(only_open=False)
    said = [one.text for task in tasks for one in await here.tracker.comments(task.id)]
    story = [f"{one.kind}: {one.text}" for one in here.store.events.of(row.id, limit=100_000)]
    told = "\n".join([row.reason, *said, *(task.description for task in tasks), *story])
    workspaces = [one.name for one in here.crew.workspaces.iterdir() if one.name.startswith("ws-")]
    return Run(
        outcome=row.outcome,
        reason=row.reason,
        ending=[*ending, f"workspaces {len(workspaces)}", f"reverts {len(_prepared(here))}"],
        told=told,
        line=line,
        holds_lock=here.store.locks.holder("production", "shop") == row.id,
    )


def _prepared(here: World) -> list[str]:
    return [one.id for one in here.forge.records.all() if one.marker.startswith(("revert/", "resolve/"))]


def effects_of(made: Counter[str]) -> dict[str, int]:
    """What was done to the world, and how often, without what may be repeated."""
    return {label: count for label, count in sorted(made.items()) if is_effect(label)}


WRITES = (
    "tracker.comment", "tracker.create", "tracker.move", "tracker.close", "tracker.depend",
    "forge.merge", "forge.revert", "forge.resolve", "provider.build", "provider.apply",
    "database.apply", "database.backup", "showcase.show", "memory.remember", "reservations.reserve",
    "reservations.release",
)  # fmt: skip
"""The methods of ports that change something outside."""


def is_effect(label: str) -> bool:
    """Whether it changes the world, and may not happen twice."""
    method = label.removeprefix("undo: ").partition(" ")[0]
    return method in WRITES and " watch" not in label
