"""A life: one process of ours on the kept outside, from wherever the one before it was ended to the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from langgraph.checkpoint.base import BaseCheckpointSaver

from orchestrate.answers import Heard
from orchestrate.errors import OutsideFailed
from orchestrate.models.deployment import Status
from orchestrate.models.environment import Environment
from orchestrate.positions import positions
from orchestrate.positions.ended import forget_ended
from orchestrate.store import Store
from orchestrate.store.database import opened
from orchestrate.store.deployments import Deployments
from tests.faults.crashes.outside import RECORD, lasting, twins
from tests.faults.crashes.points import WATCHED, Points, watch_positions, watched, wrote
from tests.faults.crashes.scenes import SCENES, Scene
from tests.stories.twins import Clock, Outside, outside
from tests.stories.world import POSITIONS_KEY, World, built

T = TypeVar("T")

LEASE = 1.0
"""Seconds. A process that ends leaves the clock behind its lease, so that nobody waits for a dead worker."""

ROUNDS = 400
MEANWHILE, TICK = 1.0, 5.0
"""Seconds until what people say is heard, and those that a round takes in which nothing is due."""

CLOCK = Path("clock")
SQLITE = "sqlite:///store.db"


class Stuck(Exception):
    """It comes to no end."""


@dataclass
class Life:
    """A world that stands ready in the working folder, for the processes that are forked to live in it."""

    scene: Scene
    url: str
    around: Outside
    environments: dict[str, Environment]
    store: Store
    world: World | None = None

    @classmethod
    def ready(cls, scene: str, url: str = SQLITE) -> Life:
        """The world of a scene, on the store at `url`."""
        environments = {one.name: one for one in SCENES[scene].environments()}
        around = lasting(outside(tuple(environments), Clock()), wrote)
        around.has_notes = SCENES[scene].has_notes
        store = Store(watched(opened(url, around.clock, Path()), has_anchor=SCENES[scene].has_anchor))
        return cls(SCENES[scene], url, around, environments, store)

    async def begin(self) -> None:
        """What the scene finds: version one live, and what happened before."""
        self.store.upgrade()
        await self.around.begin(self.environments)
        async with positions(self.url, lambda: POSITIONS_KEY) as saver:
            await self.scene.before(self._world(saver))
        for twin in twins(self.around):
            twin.keep()
        RECORD.write_text("")  # what was done until now belongs to the past
        CLOCK.write_text(str(self.around.clock.now))
        self.store.close()  # all of it is in its file then, and not in a log that is read again in each life

    async def go_on(self, points: Points, then: Callable[[World], Awaitable[T]]) -> T:
        """Go on from where the folder is, to the end, and say what is there then. Raises Stuck."""
        self.around.clock.now = float(CLOCK.read_text())
        for twin in twins(self.around):
            twin.know()
        async with positions(self.url, lambda: POSITIONS_KEY) as saver:
            here = self._world(saver)
            watch_positions(saver)
            WATCHED.points, points.is_on = points, True
            try:
                await forget_ended(saver, self.store)
                await to_the_end(here, self.scene)
            finally:
                points.is_on = False
            return await then(here)

    def outlive_the_lease(self) -> None:
        """Whoever comes next comes when nobody is waited for."""
        CLOCK.write_text(str(self.around.clock.now + 2 * LEASE))

    def _world(self, saver: BaseCheckpointSaver[str]) -> World:
        """The world with this process's own positions; what is only remembered is forgotten."""
        self.world = self.world or built(Path.cwd(), self.store, saver, self.around, self.environments)
        here = self.world
        self.scene.trouble(here)
        here.runner.graph.checkpointer = saver
        here.runner = replace(here.runner, saver=saver, lease_seconds=LEASE)
        here.answers = replace(here.answers, heard=Heard())
        here.postman = replace(here.postman, lease_seconds=LEASE)
        self.store.deployments = Deployments(self.store.deployments._database)
        return here


async def to_the_end(here: World, scene: Scene) -> None:
    """What a worker does, round by round, among people, until nothing is left to do."""
    for _ in range(ROUNDS):
        await scene.people(here)
        here.clock.now += MEANWHILE
        for doing in (here.intake.claim("test"), here.answers.read(), here.unblocking.look()):
            with suppress(OutsideFailed):
                await doing
        due = here.store.deployments.due(here.clock.now)
        for deployment in due:
            await here.runner.drive(deployment)
        await here.postman.look()
        rows = here.store.deployments.latest()
        is_over = all(one.status is Status.FINISHED for one in rows) and not here.store.outbox.owed()
        if not due and rows and is_over:
            return
        if not due:
            here.clock.now += TICK
            await here.watching.look()
    raise Stuck(f"no end: {[(one.stage, one.status, one.waits_for) for one in rows]}")  # pyright: ignore
