"""A real worker is stopped in the middle of a real move, and goes on when another one is through."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import psutil

from orchestrate.models.deployment import Deployment, Outcome
from tests.servers.live import Live, does, environment, live
from tests.servers.load import Load
from tests.servers.ports import free_ports
from tests.servers.workers import PATIENCE, queued, worker

AWAKE = 3.0  # seconds in which whoever woke could do harm

MOVE = "web: start 2"


async def stopped_at(shop: Live, process: asyncio.subprocess.Process, task: str, text: str) -> Deployment:
    """The deployment of the task, whose worker was stopped as soon as it told of this move.

    Not while it writes: SQLite keeps its file for a writer that is stopped, and no other could write either.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            for row in shop.app.store.deployments.latest(task=task, limit=1):
                await shop.approve(row.id)
                if any(text in one.text for one in shop.events(row.id, "move")) and stopped(shop, process):
                    return row
            await asyncio.sleep(0.005)


def stopped(shop: Live, process: asyncio.subprocess.Process) -> bool:
    """Whether the worker is stopped now; it goes on where it was in the middle of a write."""
    process.send_signal(signal.SIGSTOP)
    while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
        pass
    with closing(sqlite3.connect(shop.folder / ".orchestrate" / "orchestrate.db", timeout=0)) as file:
        try:
            file.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            process.send_signal(signal.SIGCONT)
            return False
        file.execute("ROLLBACK")
    return True


def starts(shop: Live, row: Deployment) -> Counter[str]:
    """How often each instance was started."""
    lines = [line for one in shop.app.store.logs.read(row.id) for line in one.text.splitlines()]
    return Counter(line.split(" on ")[0] for line in lines if "start green-" in line)


async def test_a_worker_that_wakes_too_late_changes_nothing(folder: Path) -> None:
    (port,) = free_ports(1)
    load = Load(folder / "load", port)
    words = environment(port, canary=[{"share": "50 %", "seconds": 2}])
    async with live(folder, {"production": words}) as shop, worker(folder) as process:
        await load.start()
        try:
            task = await queued(shop, await shop.change("again", does(page="Hello again")))
            row = await stopped_at(shop, process, task, MOVE)
            ended = await shop.serve(row.id)
            pids, told = await shop.pids(), shop.told(row.id)
            process.send_signal(signal.SIGCONT)
            await asyncio.sleep(AWAKE)
        finally:
            seen = await load.end()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            code = await process.wait()

        assert ended.outcome is Outcome.DEPLOYED, shop.told(row.id)
        assert code == 0, (folder / "worker.log").read_text()
        assert {name: one.failed for name, one in seen.items()} == {"kept": 0, "new": 0, "long": 0}
        assert starts(shop, row) == {"web: start green-1": 1, "web: start green-2": 1}
        assert shop.told(row.id) == told
        assert (await shop.pids(), (await shop.running()).weights) == (pids, {"green": 100})
        assert set(Counter(shop.thread(task).split("<!-- ")[1:]).values()) == {1}
