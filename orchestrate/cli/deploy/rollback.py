"""Bring back the version before, or a named one; or end a watch with a no."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrate.app import App
from orchestrate.cli import options
from orchestrate.cli.deploy.answer import answer
from orchestrate.cli.following import Manner
from orchestrate.cli.going import go
from orchestrate.cli.identity import Identity, identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, opened, scene_of
from orchestrate.counter import going_back
from orchestrate.counter.going_back import TRIGGER, back_to
from orchestrate.models.deployment import DecisionKind, Deployment, Request
from orchestrate.models.sample import Verdict

Which = Annotated[
    str | None,
    typer.Argument(metavar="[DEPLOYMENT]", help="One that is being watched, or that asks what to do."),
]
Where = Annotated[
    str | None, typer.Option("--env", "-e", metavar="E", help="Or the environment to take back.")
]
Back = Annotated[str | None, typer.Option("--version", metavar="V", help="The version to go back to.")]
Why = Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="Why; kept with the verdict.")]


def rollback(  # noqa: PLR0913  one parameter per option
    ctx: typer.Context,
    deployment: Which = None,
    environment: Where = None,
    version: Back = None,
    reason: Why = "",
    yes: options.Yes = False,
    detach: options.Detach = False,
    as_json: AsJson = False,
) -> None:
    """Take a release back.

    With an environment: to the version before the live one, or to --version. With a deployment that is being
    watched, or that waits half-way because effects are stopped: it takes itself back.
    """
    scene, out = scene_of(ctx), Output(as_json)
    if (deployment is None) == (environment is None):
        raise typer.BadParameter("name a deployment, or an environment with --env")
    if deployment is not None:
        take_back(scene, out, deployment, reason)
        return

    async def request(app: App, who: Identity) -> Request:
        return await back_to(app, who, environment or "", version)

    go(scene, out, request, Manner(yes=yes, detach=detach, is_quiet=as_json))


def take_back(scene: Scene, out: Output, deployment: str, reason: str) -> None:
    """Answer its question with a rollback, or end its watch with a no. Raises Refused when it has neither."""
    settings = scene.settings()
    with opened(settings) as store:
        row = store.deployments.deployment(deployment)
        if not going_back.asks(store, row):
            by = going_back.take_back(settings, store, row, identity(settings), reason)
            _judged(out, row, by)
            return
    answer(scene, out, row.id, DecisionKind.ROLL_BACK, reason)


def _judged(out: Output, row: Deployment, by: str) -> None:
    out.result({"deployment": row.id, "verdict": Verdict.FAIL, "trigger": TRIGGER, "by": by})
    out.say(f"deployment {row.id} takes itself back; follow it with: orchestrate deploy status {row.id}")
