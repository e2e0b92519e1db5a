"""The switch: stop every effect, everywhere, and let them begin again."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrate.cli.identity import MAY_OVERRULE, Identity, identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import opened, scene_of
from orchestrate.errors import NotAllowed
from orchestrate.models.switch import Stop
from orchestrate.settings import Settings

Why = Annotated[
    str, typer.Option("--reason", "-m", metavar="TEXT", help="Why; shown to everybody, and kept.")
]
Everything = Annotated[
    bool, typer.Option("--all", help="Stop undos too: rollbacks, also those that are under way.")
]


def stop(ctx: typer.Context, reason: Why, everything: Everything = False, as_json: AsJson = False) -> None:
    """Let no change and no message begin, in any worker, until `allow-effects`.

    What is in flight finishes. What is refused waits where it is, and goes on afterwards. Releases are still
    watched, and rollbacks go on, unless --all. Anybody may stop.
    """
    scene, out = scene_of(ctx), Output(as_json)
    settings = scene.settings()
    _check_said(reason)
    with opened(settings) as store:
        made = store.switch.stop(identity(settings).name, reason.strip(), everything=everything)
    out.result({"effects": stopped(made)})
    out.say(f"{made.words}\nlet them begin again with: orchestrate allow-effects --reason TEXT")


def allow(ctx: typer.Context, reason: Why, as_json: AsJson = False) -> None:
    """Let effects begin again; what was refused goes on when a worker runs.

    For people with the role operator or approver, an environment's approvers, and whoever stopped them.
    """
    scene, out = scene_of(ctx), Output(as_json)
    settings = scene.settings()
    _check_said(reason)
    who = identity(settings)
    with opened(settings) as store:
        before = store.switch.stopped()
        if before is not None:
            _check_allowed(settings, who, before)
        store.switch.allow(who.name, reason.strip())
    out.result({"effects": None})
    out.say(f"{who.name} lets effects begin again: {reason.strip()}")


def stopped(stop: Stop | None) -> dict[str, object] | None:
    """What is stopped, for programs; None while effects may begin."""
    return stop.model_dump(mode="json") if stop else None


def _check_said(reason: str) -> None:
    if not reason.strip():
        raise typer.BadParameter("--reason: expected why")


def _check_allowed(settings: Settings, who: Identity, stop: Stop) -> None:
    approvers = {name for one in settings.environments.values() for name in one.approvers}
    has_role = who.person is not None and MAY_OVERRULE.intersection(who.person.roles)
    if not has_role and who.name not in {*approvers, stop.by}:
        raise NotAllowed(
            f"{who.name} has neither the role operator nor approver, and did not stop them",
            cure=f"ask {stop.by}, or somebody who has",
        )
