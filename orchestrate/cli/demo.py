"""The demo: four changes to a small shop, under real traffic."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from orchestrate.cli.identity import login
from orchestrate.cli.output import AsJson

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Approve without being asked.")]
Folder = Annotated[Path | None, typer.Option("--folder", metavar="FOLDER", help="Where it is built.")]
Keep = Annotated[bool, typer.Option("--keep", help="Leave the shop running in the end.")]
Stop = Annotated[
    bool, typer.Option("--stop", help="Stop what an earlier demo left running, and nothing else.")
]
Rate = Annotated[float | None, typer.Option("--rate", min=1, max=1000, help="Requests per second.")]
Port = Annotated[
    int | None,
    typer.Option(
        "--port", min=0, max=65534, help="Production's; staging takes the next. 0: any two free ones."
    ),
]


def demo(  # noqa: PLR0913  one parameter per option
    yes: Yes = False,
    folder: Folder = None,
    keep: Keep = False,
    stop: Stop = False,
    rate: Rate = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Deploy a good change, take a bad one back, stop at a conflict, refuse a dangerous migration."""
    from orchestrate.cli.hush import hushed
    from orchestrate.demo.prepare import is_demo
    from orchestrate.demo.screen import Page
    from orchestrate.demo.show import FOLDER, RATE, Options, main

    options = Options(
        folder=folder or (Path.cwd() if is_demo(Path.cwd()) else FOLDER),
        identity=login(),
        yes=yes,
        keep=keep,
        stop=stop,
        rate=rate or RATE,
        port=port,
        as_json=as_json,
    )
    with hushed(options.folder / ".orchestrate"):
        raise typer.Exit(asyncio.run(main(options, Page())))
