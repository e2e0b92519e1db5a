"""A worker that is stopped in the middle of a move, and wakes when another one is through, does nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from functools import partial
from multiprocessing.context import ForkProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import cast

import psutil
import pytest

from orchestrate.models.environment import Component
from orchestrate.models.move import Move, words
from orchestrate.models.runtime import Running
from tests.faults.racing import PATIENCE, running
from tests.stories.durable import LEASE, carry_on, ending_of, lasting
from tests.stories.twins import Provider
from tests.stories.world import World
from tools.provider import Say

MOVE = "web: traffic green 100 %"


class Sleepy:
    """A provider whose worker is stopped as it looks before a move, or when the move is made."""

    def __init__(self, provider: Provider, here: World, folder: Path, moment: str) -> None:
        self._provider, self._here, self._folder, self._moment = provider, here, folder, moment

    def __getattr__(self, name: str) -> object:
        return getattr(self._provider, name)

    async def running(self, component: Component) -> Running:
        seen = await self._provider.running(component)
        if self._moment == "before" and is_meant(self._here):
            self._sleep()
        return seen

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        await self._provider.apply(component, move, say)
        if self._moment == "after" and words(move) == MOVE:
            self._sleep()

    def _sleep(self) -> None:
        self._moment = ""
        os.kill(os.getpid(), signal.SIGSTOP)
        self._here.clock.now = now(self._folder)


def is_meant(here: World) -> bool:
    """Whether the store knows that the move is meant, and not that it is done."""
    (row,) = here.store.deployments.latest()
    meant = [one for one in here.store.effects.of(row.id) if one.name == "move" and one.receipt is None]
    return any('"green":100' in one.args for one in meant)


def now(folder: Path) -> float:
    return float((folder / "clock").read_text())


@pytest.mark.parametrize("moment", ["before", "after"])
def test_who_wakes_after_another_took_over_is_refused_at_the_door(folder: Path, moment: str) -> None:
    twin = folder / "twin"
    twin.mkdir()
    _, undisturbed = asyncio.run(carry_on(twin, lambda _: None))
    deployment = asyncio.run(approved(folder))

    with running([partial(sleeping, folder, deployment, moment)]) as (sleeper,):
        wait_until_stopped(sleeper)
        (folder / "clock").write_text(str(now(folder) + 2 * LEASE))
        _, ended = asyncio.run(carry_on(folder, lambda _: None))
        known = asyncio.run(remembered(folder, deployment))
        os.kill(sleeper.pid or 0, signal.SIGCONT)
        sleeper.join(PATIENCE)

        assert sleeper.exitcode == 0
    assert ended == undisturbed
    assert asyncio.run(remembered(folder, deployment)) == known


async def approved(folder: Path) -> str:
    """A deployment that Ada approved, and that nobody drives."""
    async with lasting(folder) as here:
        (row,) = await here.intake.claim("test")
        await here.runner.drive(row.id)
        await here.approve(row.id)
        return row.id


def sleeping(folder: Path, deployment: str, moment: str, _: Barrier) -> None:
    """The worker that is stopped in the middle; awake again, it does what it still may."""

    async def working() -> None:
        async with lasting(folder) as here:
            here.providers["production"] = cast(Provider, Sleepy(here.provider, here, folder, moment))
            await here.runner.drive(deployment)

    asyncio.run(working())


def wait_until_stopped(process: ForkProcess) -> None:
    """Until the machine says that the process is stopped."""
    seen, latest = psutil.Process(process.pid), time.monotonic() + PATIENCE
    while seen.status() != psutil.STATUS_STOPPED:
        assert process.is_alive() and time.monotonic() < latest, "it was never stopped"
        time.sleep(0.01)


async def remembered(folder: Path, deployment: str) -> list[str]:
    """Everything that was done outside, and everything that the store says of it."""
    async with lasting(folder) as here:
        row = here.store.deployments.deployment(deployment)
        told = [f"{one.kind} {one.text}" for one in here.store.events.of(deployment)]
        meant = [one.model_dump_json() for one in here.store.effects.of(deployment)]
        return [*await ending_of(here, row), *told, *meant, row.model_dump_json()]
