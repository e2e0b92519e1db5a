"""Evidence: what is read from the store, the outside and the disk when a run is over."""

from __future__ import annotations

import ast
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from orchestrate.models.deployment import Status
from orchestrate.models.watch import Watch
from tests.simulation.record import Record
from tests.simulation.scene import CANARY
from tests.stories.twins import Outside
from tests.stories.world import World
from tools.desk import marked

REPOSITORY = Path(__file__).parents[2]
DECIDING = ("agents", "graphs", "orchestrate", "tools")
"""Packages in which things are decided."""

ELSEWHERE = (
    "orchestrate/cli/",
    "orchestrate/demo/",
    "tools/systems/",
    "tools/providers/",
    "tools/provider.py",
)
"""Ways in, and hands: they measure how long something takes, and decide nothing about a release by it."""

REAL = {"time": {"time", "time_ns"}, "datetime": {"now", "utcnow", "today"}, "date": {"today"}}
OCCASIONS = ("result", "blocked", "parked", "cancelled")
"""What a deployment's end is told as."""


def gathered(record: Record, world: World, around: Outside, folder: Path, faults: Sequence[str]) -> None:
    """Fill in what the end shows."""
    store = world.store
    record.rows = tuple(reversed(store.deployments.latest(limit=1000)))
    record.events = store.events.after(0, 1_000_000)
    record.audit = store.audit.entries(limit=1_000_000)
    broken = store.audit.verify().broken
    record.audit_broken = broken.words if broken else ""
    record.questions = tuple(one for row in record.rows for one in store.questions.for_deployment(row.id))
    record.effects = tuple(one for row in record.rows for one in store.effects.of(row.id))
    hashes = {one.plan_hash for one in record.questions} | {one.plan for one in record.judged}
    hashes |= {row.plan_hash for row in record.rows if row.plan_hash}
    record.plans = {hash: store.plans.plan(hash) for hash in sorted(hashes) if hash}
    record.tasks = tuple(around.tracker._tasks.values())
    record.comments = tuple(around.tracker._comments.values())
    record.reasons = {row.id: _reasons(row.id, around) for row in record.rows}
    watches = [one for row in record.rows for one in store.watches.of(row.id)]
    record.left = tuple(_left(record, world, watches, folder))
    crashed = [f"{one.deployment}: {one.text}" for one in record.events if one.kind == "crashed"]
    record.faults = (*faults, *crashed)
    record.canaries = tuple(_canaries(record, folder))
    record.clocks = real_clocks()
    record.trace += [
        f"{one.at:.3f} {one.deployment} {one.stage} {one.kind} {one.text}" for one in record.events
    ]
    record.trace += [f"end {row.id} {row.environment} {row.outcome} {row.reason}" for row in record.rows]


def _reasons(deployment: str, around: Outside) -> int:
    """On how many occasions people were told why this deployment ended."""
    told: Counter[str] = Counter()
    for occasion in OCCASIONS:
        in_queue = f"announce/{deployment}/{occasion}" in around.tracker._markers
        marker = f"<!-- orchestrate:{deployment}/{marked(occasion)} -->"
        on_thread = any(marker in one.text for one in around.tracker._comments.values())
        told[occasion] = in_queue or on_thread
    return sum(told.values())


def _left(record: Record, world: World, watches: Sequence[Watch], folder: Path) -> Iterator[str]:
    """What should be gone when everything has ended."""
    with sqlite3.connect(folder / "store.db") as database:
        for environment, holder in database.execute("SELECT environment, deployment FROM locks"):
            yield f"{environment} is held by {holder}"
    with sqlite3.connect(folder / "positions.db") as positions:
        parked = {row.id for row in record.rows if row.outcome == "parked"}
        threads = {row[0] for row in positions.execute("SELECT DISTINCT thread_id FROM checkpoints")}
        yield from (f"the position of {one} is kept" for one in sorted(threads - parked))
    yield from (f"nobody was told {one.key} of {one.deployment}" for one in world.store.outbox.owed())
    over = {row.id for row in record.rows if row.status is Status.FINISHED}
    yield from (
        f"watch {one.id} is open" for one in watches if one.closed_at is None and one.deployment in over
    )
    yield from (
        f"question {one.id} is open" for one in record.questions if one.is_open and one.deployment in over
    )
    yield from (f"{one.name} is left" for one in sorted(folder.rglob("*.new")))
    trash = folder / "workspaces" / ".trash"
    yield from (f"{one.name} is in the trash" for one in sorted(trash.glob("*")))


def _canaries(record: Record, folder: Path) -> Iterator[str]:
    """Where the secret was written down."""
    secret = CANARY.encode()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and secret in file.read_bytes():
            yield f"file {file.name}"
    texts = [
        *(one.text for one in record.comments),
        *(f"{one.title} {one.description} {one.closed_reason}" for one in record.tasks),
        *(one.model_dump_json() for one in record.rows),
        *(one.model_dump_json() for one in record.events),
        *(one.model_dump_json() for one in record.audit),
    ]
    yield from (f"text {text[:80]}" for text in texts if CANARY in text)


@cache
def real_clocks() -> tuple[str, ...]:
    """Where a module that decides looks at the machine's clock, instead of being told the time."""
    return tuple(found for part in DECIDING for found in _in_part(part))


def _in_part(part: str) -> Iterator[str]:
    for file in sorted((REPOSITORY / part).rglob("*.py")):
        name = str(file.relative_to(REPOSITORY))
        if not name.startswith(ELSEWHERE):
            yield from (f"{name}:{line}" for line in looks_at_the_clock(file.read_text()))


def looks_at_the_clock(source: str) -> list[int]:
    """The lines of `source` that call time.time or datetime.now; a default to be replaced is no call."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        one.lineno
        for one in calls
        if isinstance(one, ast.Attribute)
        and isinstance(one.value, ast.Name)
        and one.attr in REAL.get(one.value.id, set())
    ]
