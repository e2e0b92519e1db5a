"""Workspaces: make one for a change, see which there are, and remove one by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, opened, scene_of
from orchestrate.errors import NotAllowed, NotFound, OrchestrateError, OutsideFailed
from orchestrate.models.deployment import Status
from tools.marker import Note
from tools.workspace import QUOTA, Destroyed, Ending, Quota, create, destroy, existing

Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name or its path.")]
Large = Annotated[bool, typer.Option("--large", help="However much is in it.")]


def create_one(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Make an empty workspace, and say where; for `orchestrate task add --workspace`."""
    try:
        folder = create(scene_of(ctx).settings().workspaces)
    except OSError as problem:
        raise OutsideFailed(str(problem)) from problem
    out = Output(as_json)
    out.result({"workspace": str(folder)})
    out.say(str(folder))


def list_all(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show the workspaces that are there, and which deployment may destroy each."""
    found = _existing(scene_of(ctx))
    out = Output(as_json)
    rows = [{"name": note.workspace, "deployment": note.deployment or None} for note in found]
    out.result({"workspaces": rows})
    if not found:
        out.say("no workspaces")
        return
    out.table(("workspace", "bound to"), [(note.workspace, note.deployment) for note in found])


def remove(ctx: typer.Context, name: Name, large: Large = False, as_json: AsJson = False) -> None:
    """Remove a workspace that no deployment under way has; its processes are ended first."""
    scene = scene_of(ctx)
    root = scene.settings().workspaces
    note = next((one for one in _existing(scene) if one.workspace == Path(name).name), None)
    if note is not None and _is_under_way(scene, note.deployment):
        raise NotAllowed(
            f"{note.workspace} belongs to deployment {note.deployment}, which is under way",
            cure=f"follow it with: orchestrate deploy status {note.deployment}",
        )
    quota = Quota(entries=sys.maxsize, bytes=sys.maxsize) if large else QUOTA
    said = destroy(root, name, note.deployment if note else "", quota)
    if not said.is_gone:
        raise _problem(said)
    out = Output(as_json)
    out.result(said.model_dump(mode="json"))
    out.say(str(said))


def _existing(scene: Scene) -> tuple[Note, ...]:
    try:
        return existing(scene.settings().workspaces)
    except OSError as problem:
        raise OutsideFailed(str(problem)) from problem


def _is_under_way(scene: Scene, deployment: str) -> bool:
    if not deployment:
        return False
    with opened(scene.settings()) as store:
        try:
            return store.deployments.deployment(deployment).status is not Status.FINISHED
        except NotFound:
            return False


def _problem(said: Destroyed) -> OrchestrateError:
    match said.ending:
        case Ending.HELD:
            return NotAllowed(str(said), cure="look at it, and remove it with --large")
        case Ending.REFUSED:
            return NotAllowed(str(said), cure="orchestrate workspace list shows those that are ours")
        case _:
            return OutsideFailed(str(said), cure="try again: it goes on where it stopped")
