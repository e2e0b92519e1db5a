"""A worker that is killed in the middle of a canary: another one brings it to the same end."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from orchestrate.models.deployment import Deployment, Outcome
from orchestrate.models.task import NewTask, Priority, Queue
from tests.servers.live import Live, does, environment, killed, live
from tests.servers.load import Load
from tests.servers.ports import free_ports
from tools.commands import CLEAN

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0  # seconds


@asynccontextmanager
async def worker(folder: Path) -> AsyncGenerator[asyncio.subprocess.Process]:
    """`orchestrate worker` as a process of its own."""
    with (folder / "worker.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orchestrate", "worker"),
            cwd=folder,
            env={**CLEAN, "PYTHONPATH": str(ROOT), "HOME": str(folder)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def queued(shop: Live, change: str, marker: str = "again") -> str:
    """A task that is ready to deploy."""
    new = NewTask(
        title="Say hello again",
        description="",
        queue=Queue.DEPLOY,
        status=shop.settings.tracker.input_status,
        priority=Priority.P2,
        marker=marker,
        change=change,
    )
    return (await shop.app.tracker.create(new)).id


async def killed_at(
    shop: Live, process: asyncio.subprocess.Process, task: str, kind: str, text: str
) -> Deployment:
    """The deployment of the task, whose worker was killed as soon as this line was told."""
    async with asyncio.timeout(PATIENCE):
        while True:
            for row in shop.app.store.deployments.latest(task=task, limit=1):
                await shop.approve(row.id)
                if any(text in one.text for one in shop.events(row.id, kind)):
                    process.kill()
                    await process.wait()
                    return row
            await asyncio.sleep(0.01)


MOMENTS = {
    "while instances start": ("move", "web: start 2"),
    "while the traffic moves": ("move", "web: traffic blue 50 %"),
    "while it is watched": ("moved_on", "web: traffic blue 50 %"),
}


ONE_OF_THEM = "while it is watched"


@pytest.mark.parametrize(
    "moment", [one if one == ONE_OF_THEM else pytest.param(one, marks=pytest.mark.slow) for one in MOMENTS]
)
async def test_a_killed_worker_costs_neither_the_canary_nor_a_request(folder: Path, moment: str) -> None:
    (port,) = free_ports(1)
    load = Load(folder / "load", port)
    words = environment(port, canary=[{"share": "50 %", "seconds": 3}])
    async with live(folder, {"production": words}) as shop, worker(folder) as process:
        await load.start()
        try:
            task = await queued(shop, await shop.change("again", does(page="Hello again")))
            row = await killed_at(shop, process, task, *MOMENTS[moment])
            ended = await shop.serve(row.id)
        finally:
            seen = await load.end()

        assert ended.outcome is Outcome.DEPLOYED, shop.told(ended.id)
        assert {name: one.failed for name, one in seen.items()} == {"kept": 0, "new": 0, "long": 0}
        lines = [line for one in shop.app.store.logs.read(row.id) for line in one.text.splitlines()]
        starts = Counter(line.split(" on ")[0] for line in lines if "start green-" in line)
        assert starts == {"web: start green-1": 1, "web: start green-2": 1}
        said = Counter(shop.thread(task).split("<!-- ")[1:])
        assert set(said.values()) == {1}
        assert (await shop.running()).weights == {"green": 100}
        assert [len(pids) for pids in (await shop.pids()).values()] == [2]


async def test_a_worker_brings_back_what_a_restart_of_the_machine_took(folder: Path) -> None:
    (port,) = free_ports(1)
    async with live(folder, {"production": environment(port)}) as shop:
        assert len(killed(folder)) > 4  # the router, and two instances with their supervisors
        assert (await shop.running()).weights == {}

        async with worker(folder), asyncio.timeout(PATIENCE):
            while (await shop.running()).weights != {"blue": 100}:
                await asyncio.sleep(0.1)

            assert (await shop.running()).slots[0].is_healthy
