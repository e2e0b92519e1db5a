"""MCP: serve tools to programs with a model, over standard input and output or over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from orchestrate.app import App
from orchestrate.cli.happenings import draining
from orchestrate.cli.identity import identity
from orchestrate.cli.output import note
from orchestrate.cli.scene import Scene, scene_of
from orchestrate.mcp import server
from orchestrate.models.secret import Secret
from orchestrate.vault import vault_of

Http = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="Serve over HTTP there, for whoever has the token (mcp: token)."),
]


def mcp(ctx: typer.Context, http: Http = None) -> None:
    """Serve the tools that a model may use, as you, over standard input and output (MCP), or over HTTP.

    It may look, say no, ask for deployments and for the way back. No tool approves: people do that elsewhere.
    """
    asyncio.run(_serve(scene_of(ctx)) if http is None else _served(scene_of(ctx), http))


async def _serve(scene: Scene) -> None:
    async with scene.app() as app:
        await server(app, identity(app.settings)).run_stdio_async()


async def _served(scene: Scene, address: str) -> None:
    from orchestrate.mcp_http import address_of, served  # slow to import, and not everybody wants it

    stop, at = draining(), address_of(address)
    async with scene.app() as app:
        made, said = server(app, identity(app.settings)), app.settings.mcp
        async with served(made, _token(app), at, said.hosts) as where:
            note(f"tools are served at {where}; Ctrl-C stops it")
            await stop.wait()


def _token(app: App) -> Secret:
    return app.settings.token_of_mcp(vault_of(app.settings, app.store).secret)
