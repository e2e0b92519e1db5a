"""Say something in the language that chat and threads understand too."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from orchestrate.cli.exits import Exit
from orchestrate.cli.identity import identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, scene_of
from orchestrate.counter.clerk import Clerk
from orchestrate.counter.reply import Reply

Words = Annotated[list[str], typer.Argument(metavar="TEXT", help="What you would say after /deploy.")]


def say(ctx: typer.Context, words: Words, as_json: AsJson = False) -> None:
    """Say it as in chat: `staging v1.4.0`, `status`, `rollback T-12`, `help`, or a question in plain words.

    What is asked for is accepted, and a worker does it. Ends with 1 when it was not done.
    """
    out = Output(as_json)
    reply = asyncio.run(_answer(scene_of(ctx), " ".join(words)))
    out.result({"text": reply.text, "done": reply.is_done, "deployment": reply.deployment})
    out.say(reply.text)
    raise typer.Exit(int(Exit.OK if reply.is_done else Exit.NO))


async def _answer(scene: Scene, text: str) -> Reply:
    async with scene.app() as app:
        return await Clerk(app).answer(text, identity(app.settings))
