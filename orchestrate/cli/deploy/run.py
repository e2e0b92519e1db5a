"""Deploy a version, and follow it."""

from __future__ import annotations

import typer

from orchestrate.cli import options
from orchestrate.cli.following import Manner
from orchestrate.cli.going import go
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import scene_of
from orchestrate.cli.wanted import Wanted


def run(  # noqa: PLR0913  one parameter per option
    ctx: typer.Context,
    environment: options.Environment,
    version: options.Version = None,
    task: options.Task = None,
    change: options.Change = None,
    strategy: options.Strategy = None,
    override: options.Override = None,
    no_wait: options.NoWait = False,
    yes: options.Yes = False,
    detach: options.Detach = False,
    as_json: AsJson = False,
) -> None:
    """Deploy a version, a task's change, or a change, and follow it to its end.

    The exit code is the outcome's: 0 deployed, 1 a gate or check said no, 3 something outside failed,
    4 it waits for a person, 5 taken back, 6 taking it back failed.
    """
    wanted = Wanted(
        environment=environment,
        version=version,
        task=task,
        change=change,
        strategy=strategy,
        overrides=override or (),
        wait=not no_wait,
    )
    manner = Manner(yes=yes, detach=detach, is_quiet=as_json)
    go(scene_of(ctx), Output(as_json), wanted.request, manner)
