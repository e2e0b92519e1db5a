"""MCP: serve tools to programs with a model, over standard input and output."""

from __future__ import annotations

import asyncio

import typer

from orchestrate.cli.identity import identity
from orchestrate.cli.scene import Scene, scene_of
from orchestrate.mcp import server


def mcp(ctx: typer.Context) -> None:
    """Serve the tools that a model may use, as you, over standard input and output (MCP).

    It may look, say no, ask for deployments and for the way back. No tool approves: people do that elsewhere.
    """
    asyncio.run(_serve(scene_of(ctx)))


async def _serve(scene: Scene) -> None:
    async with scene.app() as app:
        await server(app, identity(app.settings)).run_stdio_async()
