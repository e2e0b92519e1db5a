"""Nature: what breaks and heals by itself: processes, clocks, networks, numbers, instances."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import cast

from orchestrate.errors import Refused
from orchestrate.models.runtime import Slot
from orchestrate.models.sample import SampleState
from tests.simulation.life import Life
from tests.simulation.loop import VirtualLoop
from tests.simulation.record import Record, Stopped
from tests.simulation.scene import Wall
from tests.simulation.troubles import Swarm, Trouble
from tests.simulation.worker import LEASE, Machine, Worker, born
from tests.stories.world import World

Act = Callable[[], Awaitable[None]]
Slots = dict[tuple[str, str], Slot]
MISSING = (SampleState.NO_DATA, SampleState.NOT_A_NUMBER, SampleState.SOURCE_DOWN)


@dataclass(kw_only=True)
class Nature:
    """Does to the machine what nobody wants."""

    loop: VirtualLoop
    swarm: Swarm
    record: Record
    chance: Random
    wall: Wall
    machine: Machine
    world: World  # the people's: a command line that is always there
    workers: list[Worker] = field(default_factory=list[Worker])
    back: float = 0.0  # seconds that the clock was turned back, in all
    _numbers: count[int] = field(default_factory=lambda: count(1))
    everybody: list[Worker] = field(default_factory=list[Worker])  # also those who are gone

    def acts(self) -> list[tuple[Trouble, float, Act]]:
        """What happens now and then: the trouble that it is, and the mean seconds between two."""
        return [
            (Trouble.CRASH, 40, self.crash),
            (Trouble.PAUSE, 50, self.pause),
            (Trouble.OUTAGE, 50, self.outage),
            (Trouble.CLOCK, 60, self.turn_clock),
            (Trouble.METRICS, 40, self.lose_numbers),
            (Trouble.INSTANCE, 40, self.sicken),
            (Trouble.STOP, 60, self.stop_effects),
            (Trouble.SETTINGS, 60, self.edit_settings),
        ]

    async def keep_workers(self, wanted: int) -> None:
        """As a supervisor does: who ended is followed by somebody new."""
        while True:
            alive: list[Worker] = []
            for one in self.workers:
                if one.life.is_dead or one.main is None or one.main.done():
                    self._bury(one)
                else:
                    alive.append(one)
            self.workers = alive
            if len(alive) < wanted:
                party = f"worker{next(self._numbers)}"
                self.record.note(self.loop.time(), party, "begins")
                fresh = born(self.machine, Life(party, self.loop, self.swarm, self.record))
                fresh.start()
                self.workers.append(fresh)
                self.everybody.append(fresh)
            await self.rest(1, 6)

    def _bury(self, one: Worker) -> None:
        """A process that is over has told why, and reaches nothing any more."""
        if one.main is not None and one.main.done() and not one.main.cancelled():
            problem = one.main.exception()
            self.record.note(self.loop.time(), one.life.party, f"ended: {_cause(problem)}")
        one.life.end("with its process")
        one.let_go()

    async def crash(self) -> None:
        if self.workers:
            self.chance.choice(self.workers).life.end("at any moment")

    async def pause(self) -> None:
        if not self.workers:
            return
        party, seconds = self.chance.choice(self.workers).life.party, self.chance.uniform(3, 3 * LEASE)
        self.record.note(self.loop.time(), party, f"sleeps for {seconds:.0f} s")
        self.loop.pause(party)
        await asyncio.sleep(seconds)
        self.loop.resume(party)
        self.record.note(self.loop.time(), party, "wakes")

    async def outage(self) -> None:
        systems = ["tracker", "forge", "metrics", *(f"provider {one}" for one in self.world.providers)]
        system, seconds = self.chance.choice(systems), self.chance.uniform(5, 90)
        self.note(f"{system} is gone for {seconds:.0f} s")
        self.machine.network.gone[system] = self.loop.time() + seconds

    async def turn_clock(self) -> None:
        by = self.chance.choice((1, -1)) * self.chance.choice((2.0, 30.0, 90.0, 600.0))
        self.wall.off += by
        self.back += max(0.0, -by)
        self.record.jumps.append((self.loop.time(), by))
        self.note(f"the clock jumps by {by:.0f} s")

    async def lose_numbers(self) -> None:
        self.world.metrics.state = self.chance.choice(MISSING)
        self.note(f"numbers: {self.world.metrics.state}")
        await self.rest(3, 40)
        self.world.metrics.state = SampleState.OK
        self.note("numbers: there again")

    async def sicken(self) -> None:
        provider = self.world.providers[self.chance.choice(sorted(self.world.providers))]
        if not provider.slots:
            return
        key = self.chance.choice(sorted(provider.slots))
        self._set_health(provider.slots, key, is_healthy=False)
        self.note(f"an instance of {key} falls ill")
        await self.rest(2, 30)
        self._set_health(provider.slots, key, is_healthy=True)

    def _set_health(self, slots: Slots, key: tuple[str, str], *, is_healthy: bool) -> None:
        slot = slots.get(key)
        if slot is not None:
            sick = tuple(one.model_copy(update={"healthy": is_healthy}) for one in slot.instances)
            slots[key] = slot.model_copy(update={"instances": sick})

    async def stop_effects(self) -> None:
        is_all, since = self.chance.random() < 0.3, self.loop.time()
        self.world.store.switch.stop("ada", "it looks odd", everything=is_all)
        self.note(f"ada stops {'everything' if is_all else 'effects'}")
        await self.rest(3, 60)
        self.record.stopped.append(Stopped(since, self.loop.time(), is_all))
        self.allow_effects()

    def allow_effects(self) -> None:
        try:
            self.world.store.switch.allow("ada", "it is fine")
            self.note("ada allows effects")
        except Refused:
            pass

    async def edit_settings(self) -> None:
        name = self.chance.choice(sorted(self.world.environments))
        timeout = self.chance.randrange(600, 1200)
        changed = self.world.environments[name].model_copy(update={"verification_timeout": timeout})
        self.world.environments[name] = changed
        self.note(f"the settings of {name} change")

    def heal(self) -> None:
        """The end of all troubles."""
        self.swarm.is_over = True
        self.note("the troubles end")
        for one in self.workers:
            self.loop.resume(one.life.party)
        self.world.metrics.state = SampleState.OK
        for provider in self.world.providers.values():
            for key in list(provider.slots):
                self._set_health(provider.slots, key, is_healthy=True)
        self.allow_effects()

    async def rest(self, least: float, most: float) -> None:
        await asyncio.sleep(self.chance.uniform(least, most))

    def note(self, text: str) -> None:
        self.record.note(self.loop.time(), "nature", text)


def _cause(problem: BaseException | None) -> str:
    if isinstance(problem, BaseExceptionGroup):
        inner = cast("BaseExceptionGroup[BaseException]", problem)
        return _cause(inner.exceptions[0])
    return f"{type(problem).__name__}: {problem}"
