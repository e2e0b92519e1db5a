"""Workers as processes of their own, which tests kill where it hurts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from orchestrate.models.deployment import Deployment
from orchestrate.models.task import NewTask, Priority, Queue
from tests.servers.live import Live
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
