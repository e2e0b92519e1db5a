"""Going: a request is accepted, followed to its end, and its outcome becomes the exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import typer

from orchestrate.app import App
from orchestrate.cli.exits import BY_OUTCOME, Exit
from orchestrate.cli.following import Following, Manner
from orchestrate.cli.glance import summary
from orchestrate.cli.identity import Identity, identity
from orchestrate.cli.output import Output
from orchestrate.cli.scene import Scene
from orchestrate.cli.screen import screen
from orchestrate.models.deployment import Deployment, Outcome, Request, Status

Making = Callable[[App, Identity], Awaitable[Request]]


def go(scene: Scene, out: Output, making: Making, manner: Manner) -> None:
    """Accept what `making` asks for, drive and follow it, and end with its outcome's code."""
    conclude(out, asyncio.run(_go(scene, out, making, manner)))


async def _go(scene: Scene, out: Output, making: Making, manner: Manner) -> Deployment:
    async with scene.app() as app:
        who = identity(app.settings)
        row = app.intake.accept(await making(app, who))
        scene.deployment = row.id
        out.say(f"deployment {row.id} to {row.environment}, asked for by {who.name}")
        return await Following(app=app, who=who, screen=screen(out), manner=manner).drive(row.id)


def conclude(out: Output, row: Deployment) -> None:
    """Say how it ended, and end so."""
    code = code_of(row)
    out.result({"deployment": dict(summary(row)), "exit_code": int(code)})
    out.say(_ending(row))
    raise typer.Exit(int(code))


def _ending(row: Deployment) -> str:
    if row.outcome is None:
        return f"deployment {row.id} waits; follow it with: orchestrate deploy status {row.id}"
    if row.outcome is Outcome.DEPLOYED and row.reason:
        return row.reason
    what = f"{row.version or row.request.version or 'no version'} to {row.environment}"
    why = f": {' '.join(row.reason.split())}" if row.reason else ""
    return f"{row.outcome.replace('_', ' ')}: {what}{why}"


def code_of(row: Deployment) -> Exit:
    """What a command ends with that left a deployment like this."""
    if row.status is not Status.FINISHED or row.outcome is None:
        return Exit.WAITS
    return BY_OUTCOME[row.outcome]
