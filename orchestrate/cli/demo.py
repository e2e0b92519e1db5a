"""The demo: four changes to a small shop, under real traffic."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from orchestrate.cli.identity import login

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer the demo's questions with yes.")]
Folder = Annotated[Path, typer.Option("--folder", metavar="FOLDER", help="Where it is built.")]
Keep = Annotated[bool, typer.Option("--keep", help="Leave the shop running in the end.")]
Rate = Annotated[float, typer.Option("--rate", min=1, max=1000, help="Requests per second.")]


def demo(
    yes: Yes = False, folder: Folder = Path("orchestrate-demo"), keep: Keep = False, rate: Rate = 100.0
) -> None:
    """Deploy a good change, take a bad one back, stop at a conflict, refuse a dangerous migration."""
    from rich.console import Console

    from orchestrate.demo.show import Options, main

    options = Options(folder=folder, identity=login(), yes=yes, keep=keep, rate=rate)
    raise typer.Exit(asyncio.run(main(options, Console())))
