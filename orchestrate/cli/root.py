"""The command `orchestrate`: its own options, and the tree of commands below it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.main import get_command

from orchestrate.cli import about
from orchestrate.cli.lazy import HELP, LazyGroup
from orchestrate.cli.scene import scene_of

if TYPE_CHECKING:
    from typer._click import Command


def _asked(version: bool) -> None:
    if version:
        about.version()
        raise typer.Exit


Config = Annotated[
    Path | None,
    typer.Option("--config", envvar="ORCHESTRATE_CONFIG", metavar="FILE", help="The settings."),
]
Version = Annotated[bool, typer.Option("--version", is_eager=True, callback=_asked)]


def orchestrate() -> Command:
    """The whole command line; nothing below it is imported yet."""
    app = typer.Typer(cls=LazyGroup, rich_markup_mode=None, context_settings={"help_option_names": HELP})
    app.callback()(_options)
    return get_command(app)


def _options(ctx: typer.Context, config: Config = None, version: Version = False) -> None:  # noqa: ARG001
    scene_of(ctx).config = config.expanduser().absolute() if config else None
