"""Versions that an environment refuses after a rollback, and lifting that on somebody's word."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrate.cli import options
from orchestrate.cli.identity import identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import opened, scene_of
from orchestrate.counter.naming import environment_named, environments
from orchestrate.errors import UnknownVersion
from orchestrate.models.quarantine import Quarantine
from orchestrate.store import Store

SHORTEST = 4
Commit = Annotated[str, typer.Argument(metavar="COMMIT", help="The refused commit, or the beginning of it.")]
Reason = Annotated[
    str, typer.Option("--reason", "-m", metavar="TEXT", help="Why it may be deployed again; recorded.")
]


def show(ctx: typer.Context, environment: options.AnyEnvironment = None, as_json: AsJson = False) -> None:
    """Show what an environment refuses, and why."""
    scene, out = scene_of(ctx), Output(as_json)
    settings = scene.settings()
    with opened(settings) as store:
        if environment:
            places = [environment_named(settings, store, environment)]
        else:
            places = [one for one, _ in environments(settings, store).values()]
        found = [one for place in places for one in store.quarantine.active(place.name, place.service)]
    out.result({"quarantined": [one.model_dump(mode="json") for one in found]})
    if not found:
        out.say("nothing is refused")
        return
    rows = [(one.environment, one.commit[:12], one.change or "", one.deployment, one.reason) for one in found]
    out.table(("environment", "commit", "change", "deployment", "reason"), rows)


def lift(
    ctx: typer.Context,
    commit: Commit,
    environment: options.Environment,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Allow a version again, on your word. Only for people with the role operator or approver; recorded."""
    scene, out = scene_of(ctx), Output(as_json)
    settings = scene.settings()
    if not reason.strip():
        raise typer.BadParameter("--reason: expected why it may be deployed again")
    with opened(settings) as store:
        place = environment_named(settings, store, environment)
        by = identity(settings).must_overrule(place).name
        one = _refused(store, place.name, place.service, commit)
        store.quarantine.lift(place.name, one.commit, by, reason)
    out.result({"environment": place.name, "commit": one.commit, "lifted_by": by, "reason": reason})
    out.say(f"{place.name} takes {one.commit[:12]} again, on the word of {by}: {reason}")


def _refused(store: Store, environment: str, service: str, commit: str) -> Quarantine:
    active = store.quarantine.active(environment, service)
    found = [one for one in active if len(commit) >= SHORTEST and one.commit.startswith(commit.lower())]
    if len(found) != 1:
        raise UnknownVersion(commit, [one.commit[:12] for one in active])
    return found[0]
