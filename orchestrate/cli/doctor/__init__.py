"""Is everything there? One line for each thing that is needed, with what cures it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import typer

from orchestrate.app import App
from orchestrate.cli.doctor.effects import audit, switch
from orchestrate.cli.doctor.finding import Finding, State
from orchestrate.cli.doctor.github import rights
from orchestrate.cli.doctor.machine import machine, programs
from orchestrate.cli.doctor.models import models
from orchestrate.cli.doctor.outbox import outbox
from orchestrate.cli.doctor.product import places, remote, settings_of, store, who
from orchestrate.cli.doctor.secrets import mcp, vault
from orchestrate.cli.doctor.slack import slack
from orchestrate.cli.doctor.tracker import tracker
from orchestrate.cli.doctor.webhooks import webhooks
from orchestrate.cli.doctor.work import work
from orchestrate.cli.exits import Exit
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, scene_of


def doctor(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Check what is needed: programs, the settings, the store, the vault, and every connection with what it
    lets us do. Ends with 0 where nothing fails (a warning does not), with 1 when something does.
    """
    out = Output(as_json)
    found = asyncio.run(_found(scene_of(ctx)))
    out.result({"findings": [one.model_dump(mode="json") for one in found]})
    out.table(("", "what", "found"), [(one.state, one.what, one.said) for one in found])
    for one in found:
        if one.cure and one.state is not State.OK:
            out.say(f"{one.what}: try: {one.cure}")
    is_bad = any(one.state is State.FAIL for one in found)
    raise typer.Exit(int(Exit.NO if is_bad else Exit.OK))


async def _found(scene: Scene) -> list[Finding]:
    return [finding async for finding in _findings(scene)]


async def _findings(scene: Scene) -> AsyncIterator[Finding]:
    for finding in await machine():
        yield finding
    settings, finding = settings_of(scene)
    yield finding
    if settings is None:
        return
    for finding in programs(settings):
        yield finding
    yield who(settings)
    finding = store(settings)
    yield finding
    if finding.state is State.FAIL:
        return
    yield switch(settings)
    yield audit(settings)
    yield outbox(scene)
    finding = vault(settings)
    yield finding
    if finding.state is State.FAIL:
        return
    for finding in mcp(settings):
        yield finding
    async with scene.app(settings) as app:
        async for finding in _outside(app):
            yield finding


async def _outside(app: App) -> AsyncIterator[Finding]:
    """What the app is connected to."""
    yield await remote(app)
    for finding in await rights(app):
        yield finding
    async for finding in tracker(app):
        yield finding
    async for finding in slack(app):
        yield finding
    async for finding in webhooks(app):
        yield finding
    async for finding in work(app):
        yield finding
    for finding in await models(app):
        yield finding
    for finding in await places(app):
        yield finding
