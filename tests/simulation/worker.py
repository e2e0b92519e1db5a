"""A worker of the simulation: the real loops of a process, on wires, with a life that can end."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

from langgraph.checkpoint.base import BaseCheckpointSaver

from graphs.steps.crew import Crew
from orchestrate.errors import OrchestrateError
from orchestrate.models.deployment import Event
from orchestrate.models.environment import Environment
from orchestrate.positions.serializer import SealedSerializer
from orchestrate.runner import Graph
from orchestrate.scheduler import LocalScheduler
from orchestrate.store import Store
from orchestrate.store.database import Database, opened
from orchestrate.store.rows import Ulids
from tests.simulation.life import (
    DyingEffects,
    DyingPositions,
    Life,
    MortalDatabase,
    SeenEvents,
    SeenQuestions,
    SeenWatches,
)
from tests.simulation.loop import PARTY
from tests.simulation.wire import Link, Network
from tests.stories.twins import Outside
from tests.stories.world import POSITIONS_KEY, World, built, graph_on

T = TypeVar("T")

LEASE = 20.0
TICK = 3.0
EVERY = {"claim": 7.0, "answers": 4.0, "watch": 2.0, "post": 3.0}
"""Seconds between two rounds."""


class Crews:
    """The real graph, built once: its steps ask the crew of whoever drives it.

    To build one takes as long as to deploy with it, and each worker of each seed would need its own.
    """

    def __init__(self) -> None:
        self._by_party: dict[str, Crew] = {}
        self._graph: Graph | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._by_party[PARTY.get()], name)

    def graph_for(self, party: str) -> Callable[[Crew, BaseCheckpointSaver[str]], Graph]:
        """The graph as this party drives it, with its own crew and saver."""

        def made(crew: Crew, saver: BaseCheckpointSaver[str]) -> Graph:
            self._by_party[party] = crew
            self._graph = self._graph or graph_on(cast(Crew, self), saver)
            return self._graph.copy({"checkpointer": saver})

        return made


CREWS = Crews()


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where workers run: one folder, one clock, one outside, and the seed's ids."""

    folder: Path
    around: Outside
    environments: dict[str, Environment]
    ids: Ulids
    short_id: Callable[[str], str]
    network: Network
    seen: Callable[[Event], None]
    meant: Callable[[str, str, str], None]


@dataclass(kw_only=True)
class Worker:
    """One process."""

    life: Life
    world: World
    holds: tuple[Callable[[], None], ...] = ()
    main: asyncio.Task[None] | None = None

    def let_go(self) -> None:
        """What it held open."""
        for one in self.holds:
            one()

    def start(self) -> None:
        """Begin to serve."""
        self.main = self.life.loop.as_party(self.life.party, self._serve())

    async def _serve(self) -> None:
        scheduler = LocalScheduler(self.world.store, self.world.runner.drive, tick=TICK)
        async with asyncio.TaskGroup() as loops:
            loops.create_task(scheduler.run(asyncio.Event()))
            loops.create_task(self._claims(scheduler))
            loops.create_task(self._answers(scheduler))
            loops.create_task(self._watches(scheduler))
            loops.create_task(self._post(scheduler))

    async def _claims(self, scheduler: LocalScheduler) -> None:
        while True:
            await _quietly(self._claim(scheduler))
            await asyncio.sleep(EVERY["claim"])

    async def _claim(self, scheduler: LocalScheduler) -> None:
        await self.world.unblocking.look()
        for row in await self.world.intake.claim(self.life.party):
            scheduler.nudge(row.id)

    async def _answers(self, scheduler: LocalScheduler) -> None:
        while True:
            await _quietly(self._listen(scheduler))
            await asyncio.sleep(EVERY["answers"])

    async def _listen(self, scheduler: LocalScheduler) -> None:
        for deployment in await self.world.answers.read():
            scheduler.nudge(deployment)

    async def _post(self, scheduler: LocalScheduler) -> None:
        while True:
            await _quietly(self._posted(scheduler))
            await asyncio.sleep(EVERY["post"])

    async def _posted(self, scheduler: LocalScheduler) -> None:
        for deployment in await self.world.postman.look():
            scheduler.nudge(deployment)

    async def _watches(self, scheduler: LocalScheduler) -> None:
        while True:
            for deployment in await self.world.watching.look():
                scheduler.nudge(deployment)
            await asyncio.sleep(EVERY["watch"])


async def _quietly(one_round: Awaitable[None]) -> None:
    """As the worker does: one system that is down does not end it."""
    with suppress(OrchestrateError):
        await one_round


def born(machine: Machine, life: Life) -> Worker:
    """A new process, with connections of its own."""
    clock, network = machine.around.clock, machine.network
    database = MortalDatabase(database_in(machine.folder), clock, life)
    store = store_on(database, machine, life)
    positions = sqlite3.connect(machine.folder / "positions.db", check_same_thread=False)
    saver = DyingPositions(positions, life)
    saver.serde = SealedSerializer(lambda: POSITIONS_KEY)

    def wired(twin: T, system: str) -> T:
        return cast(T, Link(twin, system, network, life))

    around = replace(
        machine.around,
        tracker=wired(machine.around.tracker, "tracker"),
        forge=wired(machine.around.forge, "forge"),
        providers={name: wired(one, f"provider {name}") for name, one in machine.around.providers.items()},
        metrics=wired(machine.around.metrics, "metrics"),
    )
    world = built(machine.folder, store, saver, around, machine.environments, CREWS.graph_for(life.party))
    world.runner = replace(world.runner, worker=life.party, lease_seconds=LEASE)
    world.answers = replace(world.answers, worker=life.party)
    world.postman = replace(world.postman, worker=life.party, lease_seconds=LEASE)
    return Worker(life=life, world=world, holds=(database.let_go, positions.close))


@cache
def database_in(folder: Path) -> Database:
    """The database of this folder: seeds use it one after the other, and its statements stay compiled."""
    return opened(f"sqlite:///{folder / 'store.db'}")


def store_on(database: Database, machine: Machine, life: Life) -> Store:
    """The real store, whose ids come from the seed and whose effects are points."""
    store = Store(database)
    store.deployments._ids = machine.ids
    store.questions = SeenQuestions(database, life, machine.short_id)
    store.effects = DyingEffects(database, life, machine.meant)
    store.events = SeenEvents(database, machine.seen)

    def plan_of(deployment: str) -> str:
        return store.deployments.deployment(deployment).plan_hash or ""

    store.watches = SeenWatches(database, life, plan_of)
    return store
