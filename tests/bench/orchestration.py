"""What orchestration alone costs: a whole deployment beside a bare graph of as many steps."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from tests.bench.bare import Graph, bare, ran
from tests.bench.disk import taken
from tests.bench.driving import shipped, small_world
from tests.bench.table import Row
from tests.stories.world import World

ROUNDS = 21
FINISHED = 100
MOST_KB = 60


@dataclass(frozen=True)
class Course:
    """What LangGraph saw of one deployment: each superstep, whether it waits, and the bytes of a position."""

    waits: tuple[bool, ...]
    size: int


def measured(folder: Path) -> list[Row]:
    return asyncio.run(_measured(folder))


async def _measured(folder: Path) -> list[Row]:
    async with small_world(folder / "ours") as here:
        course = await seen(here, folder / "ours" / "positions.db")
        async with bare(folder / "bare.db", course.waits) as graph:
            cpu = await _cpu(here, graph, course)
        return [cpu, await _left(here, (folder / "ours" / "store.db", folder / "ours" / "positions.db"))]


async def _cpu(here: World, graph: Graph, course: Course) -> Row:
    ours: list[float] = []
    theirs: list[float] = []
    looks = 0
    for number in range(-3, ROUNDS):
        one = await shipped(here, f"change{number}")
        reference = await ran(graph, str(number), course.size)
        if number >= 0:
            ours.append(one.cpu)
            theirs.append(reference)
            looks = one.looks
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
    return Row(
        what=f"deployment, CPU ({len(course.waits)} supersteps, {sum(course.waits)} waits, {looks} samples)",
        measured=f"{1000 * median(ours):.0f} ms",
        reference=f"{1000 * median(theirs):.0f} ms bare LangGraph",
        ratio=ratio,
        target="≤ 2",
        ok=ratio <= 2,
    )


async def _left(here: World, files: tuple[Path, Path]) -> Row:
    """What a finished deployment leaves behind for ever."""
    before = [taken((file,)) for file in files]
    for number in range(FINISHED):
        await shipped(here, f"finished{number}")
    store, positions = ((taken((file,)) - size) / FINISHED for file, size in zip(files, before, strict=True))
    each = (store + positions) / 1024
    return Row(
        what=f"a finished deployment on disk, mean of {FINISHED}",
        measured=f"{each:.1f} KB",
        reference=f"positions {positions / 1024:.1f} KB, store {store / 1024:.1f} KB",
        target=f"≤ {MOST_KB} KB",
        ok=each <= MOST_KB,
    )


async def seen(here: World, positions: Path) -> Course:
    """Drive one deployment whose positions are kept, and read what LangGraph stored."""
    kept = replace(here, runner=replace(here.runner, saver=InMemorySaver()))
    one = await shipped(kept, "counted")
    thread: RunnableConfig = {"configurable": {"thread_id": one.id}}
    history = [state async for state in here.runner.graph.aget_state_history(thread)]
    steps = [state for state in reversed(history) if state.next and state.next != ("__start__",)]
    with closing(sqlite3.connect(positions)) as connection:
        (size,) = connection.execute("SELECT avg(length(checkpoint)) FROM checkpoints").fetchone()
    return Course(tuple(bool(state.interrupts) for state in steps), int(size))
