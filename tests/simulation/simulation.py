"""The simulation: one seed, one run, one record."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from orchestrate.models.deployment import Status
from orchestrate.models.environment import CanaryStep, Environment, Gates, Monitoring, Strategy
from orchestrate.models.secret import Secret
from orchestrate.models.task import Queue
from orchestrate.positions.on_sqlite import SqlitePositions
from orchestrate.positions.serializer import SealedSerializer
from orchestrate.store import Store
from orchestrate.store.database import Database
from tests.simulation.evidence import gathered
from tests.simulation.life import Life, MortalDatabase
from tests.simulation.loop import VirtualLoop
from tests.simulation.nature import Nature
from tests.simulation.people import People
from tests.simulation.record import Record
from tests.simulation.scene import CANARY, Numbers, Onlooker, ProneProvider, SeededIds, Wall, short_ids
from tests.simulation.troubles import Swarm, Trouble
from tests.simulation.wire import Network
from tests.simulation.worker import CREWS, Machine, database_in, store_on
from tests.stories.conftest import IN_MEMORY
from tests.stories.places import production, staging
from tests.stories.twins import Forge, Outside, Tracker
from tests.stories.world import POSITIONS_KEY, World, _empty_store, built
from tools.memory_forge import MemoryChanges


@dataclass(frozen=True)
class Length:
    """How much happens in a run: virtual seconds with troubles, changes, and workers."""

    seconds: tuple[float, float]
    changes: tuple[int, ...]
    workers: tuple[int, ...]


BRIEF = Length((20.0, 60.0), (1, 1, 2), (2,))
LONG = Length((90.0, 220.0), (1, 2, 2, 3), (2, 2, 3))
LONG_ONE_IN = 5
"""One seed in so many is long: most of what goes wrong goes wrong early, and early costs less."""

BOUND = 1200.0
"""Virtual seconds after the troubles in which everything must have come to its end."""


WORKSPACE = re.compile(r"(/\S*/)?ws-[0-9a-f]{32}(\.[0-9a-f]{32})?| \(listing [0-9a-f]{12}\)")
"""The names that chance gives to workspaces, and what is made of them."""


def run(seed: int, only: Collection[Trouble] | None = None) -> Record:
    """What happens with this seed; the same every time."""
    with _folder() as folder:
        swarm = Swarm(seed, only)
        loop = VirtualLoop(Random(f"turns {seed}"))
        record = Record(seed=seed, troubles=swarm.names)
        Secret(CANARY)
        one = _Run(folder, seed, loop, swarm, record)
        try:
            loop.run(one.to_the_end())
        finally:
            one.let_go()
        return record


@contextmanager
def _folder() -> Generator[Path]:
    """The same for every seed of a process, and empty."""
    where = IN_MEMORY if IN_MEMORY.is_dir() else Path(tempfile.gettempdir())
    folder = where / f"simulation-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier process of this number, which was killed
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Run:
    """One run, put together from its seed."""

    def __init__(self, folder: Path, seed: int, loop: VirtualLoop, swarm: Swarm, record: Record) -> None:
        self.loop, self.swarm, self.record, self.folder = loop, swarm, record, folder
        self.chance = Random(f"run {seed}")
        self.holds: list[Callable[[], None]] = []
        self.length = LONG if seed % LONG_ONE_IN == 0 else BRIEF
        self.wall = Wall(loop)
        self.environments = {one.name: one for one in environments(folder, self.chance)}
        forge = Forge(MemoryChanges())
        self.around = Outside(
            clock=self.wall,
            tracker=Tracker(self.wall),
            forge=forge,
            records=forge.records,
            providers={name: ProneProvider(forge) for name in self.environments},
            metrics=Numbers(clock=self.wall, forge=forge, loop=loop),
        )
        shutil.copy(_empty_store(), folder / "store.db")
        self.machine = self._machine(seed)
        self.world = self._command_line()
        self.people = People(
            loop=loop, swarm=swarm, record=record, world=self.world, chance=Random(f"people {seed}")
        )
        self.nature = Nature(
            loop=loop,
            swarm=swarm,
            record=record,
            world=self.world,
            chance=Random(f"nature {seed}"),
            wall=self.wall,
            machine=self.machine,
        )

    def _machine(self, seed: int) -> Machine:
        ids, names = SeededIds(self.wall), short_ids(Random(f"ids {seed}"))
        self.onlooker = Onlooker(
            self.around,
            store=Store(self._database("onlooker")),
            record=self.record,
            workspaces=self.folder / "workspaces",
        )
        network = Network(
            loop=self.loop,
            swarm=self.swarm,
            record=self.record,
            fingerprint=self.onlooker.fingerprint,
            arriving=self.onlooker.arriving,
            arrived=self.onlooker.arrived,
            knows_intent=self.onlooker.knows_intent,
        )
        return Machine(
            folder=self.folder,
            around=self.around,
            environments=self.environments,
            ids=ids,
            short_id=names,
            network=network,
            seen=self.onlooker.seen,
            meant=self.onlooker.meant,
        )

    def _database(self, party: str) -> Database:
        """For somebody whom nothing ends."""
        calm = Life(party, self.loop, Swarm(0, ()), self.record)
        database = MortalDatabase(database_in(self.folder), self.wall, calm)
        self.holds.append(database.let_go)
        return database

    def let_go(self) -> None:
        """What everybody held open."""
        for worker in self.nature.everybody:
            worker.let_go()
        for one in self.holds:
            one()
        database_in(self.folder).engine.dispose()

    def _command_line(self) -> World:
        """What people use: no wire between them and the outside, and nothing ends it."""
        calm = Life("people", self.loop, Swarm(0, ()), self.record)
        store = store_on(self._database("people"), self.machine, calm)
        positions = sqlite3.connect(self.folder / "positions.db", check_same_thread=False)
        self.holds.append(positions.close)
        saver = SqlitePositions(positions)
        saver.setup()
        saver.serde = SealedSerializer(lambda: POSITIONS_KEY)
        return built(self.folder, store, saver, self.around, self.environments, CREWS.graph_for("people"))

    async def to_the_end(self) -> None:
        """Troubles, then peace, then what is left."""
        await self.around.begin(self.environments)
        self.record.note(0.0, "nature", f"troubles: {', '.join(self.record.troubles)}")
        always = [
            self.loop.as_party("nature", self.nature.keep_workers(self.chance.choice(self.length.workers))),
            self.loop.as_party("people", self.people.answer()),
        ]
        writing = self.loop.as_party("people", self.people.write(self.chance.choice(self.length.changes)))
        acts = [
            self.loop.as_party(party, self._now_and_then(trouble, mean, act))
            for party, several in (("people", self.people.acts()), ("nature", self.nature.acts()))
            for trouble, mean, act in several
        ]
        await asyncio.sleep(self.chance.uniform(*self.length.seconds))
        await writing
        for one in acts:
            one.cancel()
        await asyncio.gather(*acts, return_exceptions=True)
        self.nature.heal()
        await self.people.make_ready()
        await self._settle()
        for one in always:
            one.cancel()
        results = await asyncio.gather(*always, return_exceptions=True)
        for worker in self.nature.workers:
            worker.life.end("in the end")
        await asyncio.sleep(1)
        problems = [one for one in results if isinstance(one, Exception)]
        gathered(self.record, self.world, self.around, self.folder, [*self.loop.faults, *map(str, problems)])
        self.record.trace = [WORKSPACE.sub("ws-", one) for one in self.record.trace]

    async def _now_and_then(self, trouble: Trouble, mean: float, act: Callable[[], Awaitable[None]]) -> None:
        if not self.swarm.has(trouble):
            return
        chance = Random(f"{trouble} {self.swarm.seed}")
        while True:
            await asyncio.sleep(chance.expovariate(1 / mean))
            await act()

    async def _settle(self) -> None:
        """Wait until nothing is left to do, and for how long that takes."""
        began, quiet = self.loop.time(), 0
        self.record.bound = BOUND + self.nature.back
        while quiet < 3 and self.loop.time() - began < self.record.bound:
            await asyncio.sleep(5)
            quiet = quiet + 1 if await self._is_done() else 0
        self.record.settled = self.loop.time() - began

    async def _is_done(self) -> bool:
        rows = self.world.store.deployments.latest(limit=500)
        is_idle = all(one.status is Status.FINISHED for one in rows) and not self.world.store.outbox.owed()
        return is_idle and not await self.around.tracker.ready(Queue.DEPLOY)


def environments(folder: Path, chance: Random) -> list[Environment]:
    """Production, and perhaps staging before it, with rules that the seed draws."""
    strategy = chance.choice((Strategy.CANARY, Strategy.CANARY, *Strategy))
    words: dict[str, object] = {
        "strategy": strategy,
        "canary": (CanaryStep(share=10, seconds=chance.choice((4, 8))), CanaryStep(share=50, seconds=4)),
        "monitoring": Monitoring(period=chance.choice((6, 12)), sample=2, report=5, alerts=("errors",)),
        "approvers": ("ada", "rob"),
        "approvals": chance.choice((1, 1, 2)),
        "requesters_may_approve": True,
        "approval_expires": chance.choice((90, 600, 86_400)),
        "approval_reminder": chance.choice((30, 14_400)),
        "auto_rollback": chance.random() < 0.7,
        "rollback_on_timeout": chance.random() < 0.7,
        "move_timeout": chance.choice((8, 900)),
        "prepare_revert": chance.random() < 0.3,
    }
    gates = Gates(checks=("tests",), reviews=1, wait_for_approvals=chance.choice((0, 120)))
    if chance.random() < 0.6:
        return [production(folder, gates=gates, **words)]
    rules = gates.model_copy(update={"promoted_from": "staging"})
    kept = {
        "approvers": ("ada", "rob"),
        "monitoring": words["monitoring"],
        "gates": gates,
        "move_timeout": words["move_timeout"],
        "rehearse_rollback": True,
    }
    return [staging(folder, **kept), production(folder, gates=rules, **words)]
