"""The worker: claims what is ready, deploys it, watches it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from orchestrate.cli.glance import summary
from orchestrate.cli.going import code_of, conclude
from orchestrate.cli.happenings import Telling, draining, happened
from orchestrate.cli.hush import hushed
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, opened, scene_of
from orchestrate.cli.spells import one_task, what_is_ready
from orchestrate.counter.naming import known_task
from orchestrate.models.deployment import Deployment
from orchestrate.settings import Settings, variable
from orchestrate.store import Store
from orchestrate.worker import Worker

Task = Annotated[
    str | None, typer.Option("--task", metavar="T", help="Deploy this task alone, and end. Also: TASK_ID.")
]
Once = Annotated[
    bool, typer.Option("--once", help="Do what is ready now, and end when the rest waits for people.")
]


def worker(ctx: typer.Context, task: Task = None, once: Once = False, as_json: AsJson = False) -> None:
    """Claim tasks that are ready, deploy them, watch what is live, and read what people answer.

    Ctrl-C lets what is under way come to a wait; a second one ends at once, and another worker continues.
    With --json, one JSON document a line.
    """
    scene, out = scene_of(ctx), Output(as_json)
    settings = scene.settings()
    named = task or variable("TASK_ID")
    if named is not None:
        row = asyncio.run(_one(scene, out, settings, named, waits=not once))
        out.line({"deployment": dict(summary(row)), "exit_code": int(code_of(row))})
        conclude(out, row) if not as_json else _leave(row)
    asyncio.run(_once(scene, out, settings) if once else _serve(scene, out, settings))


def _leave(row: Deployment) -> None:
    raise typer.Exit(int(code_of(row)))


async def _serve(scene: Scene, out: Output, settings: Settings) -> None:
    stop = draining()
    with opened(settings) as store, hushed(scene.folder):
        async with _told(store, out):
            happened(out, f"worker {os.getpid()} serves {settings.service}; Ctrl-C lets it finish")
            await Worker(path=settings.path, say=lambda text: happened(out, text)).run(stop)
        happened(out, "the worker has stopped")


async def _once(scene: Scene, out: Output, settings: Settings) -> None:
    stop = draining()
    async with scene.app(settings) as app, _told(app.store, out):
        await what_is_ready(app, out, stop)


async def _one(scene: Scene, out: Output, settings: Settings, named: str, *, waits: bool) -> Deployment:
    stop = draining()
    async with scene.app(settings) as app, _told(app.store, out):
        return await one_task(app, out, (await known_task(app, named)).id, stop, waits=waits)


@asynccontextmanager
async def _told(store: Store, out: Output) -> AsyncGenerator[None]:
    """Tell what happens meanwhile, to the last event."""
    telling = Telling(store, out)
    running = asyncio.create_task(telling.run())
    try:
        yield
    finally:
        running.cancel()
        telling.catch_up()
