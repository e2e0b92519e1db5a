"""What ten thousand deployments cost while they wait for approval, and how one of them is resumed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from orchestrate.models.deployment import Decision, DecisionKind, Deployment, ForApproval, Status
from tests.bench.crowd import Crowd, crowd
from tests.bench.table import Row

ALL, DRIVEN, RESUMED = 10_000, 40, 7
SECONDS = 25.0
ROOT = Path(__file__).parents[2]
PATIENCE = 60.0

Cost = dict[str, float]


@dataclass
class Worker:
    """A worker process on one folder."""

    process: subprocess.Popen[str]

    @classmethod
    def on(cls, folder: Path) -> Worker:
        argv = [sys.executable, "-m", "tests.bench.serving", str(folder / "orchestrate.yaml"), str(SECONDS)]
        return cls(subprocess.Popen(argv, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE))

    def told(self) -> Cost:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise RuntimeError(f"the worker ended with {self.process.wait()}")
        return json.loads(line)

    def end(self) -> None:
        self.process.communicate(timeout=PATIENCE)


def measured(folder: Path) -> list[Row]:
    return asyncio.run(_measured(folder))


async def _measured(folder: Path) -> list[Row]:
    async with crowd(folder / "none") as none, crowd(folder / "many") as many:
        empty = many.bytes()
        driven = [await many.ask() for _ in range(DRIVEN)]
        really = (many.bytes() - empty) / DRIVEN
        many.multiply(driven, ALL // DRIVEN - 1)
        each = (many.bytes() - empty) / ALL
        workers = Worker.on(none.folder), Worker.on(many.folder)
        try:
            idle = await asyncio.to_thread(_idle, *workers)
            alone = [await _resumed(none, await none.ask()) for _ in range(RESUMED)]
            among = [await _resumed(many, row) for row in driven[:RESUMED]]
        finally:
            for worker in workers:
                worker.end()
    return [*_idle_rows(*idle), _disk_row(really, each), _resume_row(alone, among)]


def _idle(none: Worker, many: Worker) -> tuple[Cost, Cost]:
    for worker in (none, many):
        worker.told()
    return none.told(), many.told()


async def _resumed(here: Crowd, row: Deployment) -> float:
    """Seconds from the decision to the end, with a worker that runs in another process."""
    if not isinstance(row.waits_for, ForApproval):
        raise RuntimeError(f"{row.id} waits for {row.waits_for}")
    store, began = here.app.store, time.time()
    said = Decision(
        gate=row.waits_for.gate,
        kind=DecisionKind.HOLD,
        by="ada",
        channel="cli",
        plan_hash=row.plan_hash or "",
        at=began,
    )
    store.questions.decide(said.gate, said)
    while (now := store.deployments.deployment(row.id)).status is not Status.FINISHED:
        if time.time() - began > PATIENCE:
            raise RuntimeError(f"{row.id} was not resumed: {now}")
        await asyncio.sleep(0.005)
    return time.time() - began


def _idle_rows(none: Cost, many: Cost) -> list[Row]:
    rss, cpu = many["rss"] - none["rss"], 100 * (many["cpu"] - none["cpu"])
    kinds = ("processes", "threads", "tasks")
    more = {kind: int(many[kind] - none[kind]) for kind in kinds}
    return [
        Row(
            what=f"{ALL:,} waiting: processes, threads and tasks for them",
            measured=", ".join(f"{count} {kind}" for kind, count in more.items()),
            reference=", ".join(f"{int(none[kind])}" for kind in kinds) + " with none",
            target="0",
            ok=not any(more.values()),
        ),
        Row(
            what=f"{ALL:,} waiting: a worker's memory grows by",
            measured=f"{rss:.1f} MB",
            reference=f"{none['rss']:.0f} MB with none",
            ratio=many["rss"] / none["rss"],
            target="≤ 10 MB",
            ok=rss <= 10,
        ),
        Row(
            what=f"{ALL:,} waiting: CPU of an idle worker grows by",
            measured=f"{cpu:.2f} % of a core",
            reference=f"{100 * none['cpu']:.2f} % with none",
            ratio=many["cpu"] / none["cpu"],
            target="≤ 0.5 %",
            ok=cpu <= 0.5,
        ),
    ]


def _disk_row(really: float, each: float) -> Row:
    return Row(
        what="a waiting deployment on disk",
        measured=f"{max(really, each) / 1024:.1f} KB",
        reference=f"{really / 1024:.1f} KB × {DRIVEN} driven, {each / 1024:.1f} KB × {ALL:,}",
        target="≤ 40 KB",
        ok=max(really, each) <= 40 * 1024,
    )


def _resume_row(alone: list[float], among: list[float]) -> Row:
    ratio = median(among) / median(alone)
    return Row(
        what=f"resume one of {ALL:,}: decision → end",
        measured=f"{1000 * median(among):.0f} ms",
        reference=f"{1000 * median(alone):.0f} ms for the only one",
        ratio=ratio,
        target="≤ 2",
        ok=ratio <= 2,
    )
