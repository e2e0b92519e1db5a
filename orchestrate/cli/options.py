"""Options that several commands share, with one wording."""

from __future__ import annotations

from typing import Annotated

import typer

Environment = Annotated[str, typer.Option("--env", "-e", metavar="E", help="The environment.")]
AnyEnvironment = Annotated[
    str | None, typer.Option("--env", "-e", metavar="E", help="Only this environment.")
]
Version = Annotated[
    str | None,
    typer.Option("--version", metavar="V", help="A commit, tag or branch. Default: the base branch."),
]
Change = Annotated[str | None, typer.Option("--change", metavar="C", help="A change: what merging it gives.")]
Task = Annotated[
    str | None, typer.Option("--task", metavar="T", help="A task: the change or version that it ships.")
]
Strategy = Annotated[
    str | None, typer.Option("--strategy", metavar="S", help="rolling, blue-green, canary or recreate.")
]
Override = Annotated[
    list[str] | None,
    typer.Option("--override", metavar="GATE=REASON", help="Pass a gate on your word; recorded. Repeatable."),
]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Refuse when the environment is busy, instead of queueing.")
]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Approve as yourself where you are asked and allowed.")
]
Detach = Annotated[
    bool, typer.Option("--detach", help="End with 4 when a person must answer, instead of waiting.")
]
Deployment = Annotated[str, typer.Argument(metavar="DEPLOYMENT", help="Its id, or the beginning of it.")]
