"""What is under way, or everything about one deployment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from orchestrate.cli.glance import (
    Stopped,
    Summary,
    Untold,
    owed,
    owed_words,
    stop_in_force,
    stop_words,
    summary,
    under_way,
    waits,
)
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, scene_of

Which = Annotated[str | None, typer.Argument(metavar="[DEPLOYMENT]", help="Its id, or the beginning of it.")]


def status(ctx: typer.Context, deployment: Which = None, as_json: AsJson = False) -> None:
    """Show what is under way. With an id, everything about that deployment: stage, plan, question, watches,
    events and effects.
    """
    scene, out = scene_of(ctx), Output(as_json)
    if deployment is not None:
        from orchestrate.cli.deploy.detail import show

        show(scene, out, deployment)
        return
    found = under_way(scene.config)
    if found is None:
        show_list(out, whole_way(scene), stop_known(scene), owed_known(scene))
    else:
        show_list(out, found, stop_in_force(scene.config), owed(scene.config))


def whole_way(scene: Scene) -> list[Summary]:
    """The same from the store itself. Raises SettingsInvalid, StoreUnusable."""
    from orchestrate.models.deployment import Status

    with scene.store() as store:
        rows = [
            row
            for status in Status
            if status is not Status.FINISHED
            for row in store.deployments.latest(status=status, limit=200)
        ]
    return sorted((summary(row) for row in rows), key=lambda one: one["id"], reverse=True)[:200]


def stop_known(scene: Scene) -> Stopped | None:
    """Who stopped effects, from the store itself."""
    with scene.store() as store:
        stop = store.switch.stopped()
    return Stopped(by=stop.by, reason=stop.reason, everything=stop.everything, at=stop.at) if stop else None


def owed_known(scene: Scene) -> list[Untold]:
    """What people were not told yet, from the store itself."""
    with scene.store() as store:
        return [
            Untold(
                deployment=one.deployment,
                thread=one.thread,
                kind=one.kind,
                at=one.at,
                tries=one.tries,
                why=one.why,
            )
            for one in store.outbox.owed()
        ]


def show_list(
    out: Output, found: Sequence[Summary], stop: Stopped | None, untold: Sequence[Untold] = ()
) -> None:
    """What is under way, as a table, and what people were not told yet."""
    listed = [dict(one) for one in found]
    out.result({"deployments": listed, "effects_stopped": stop, "untold": [dict(one) for one in untold]})
    if stop is not None:
        out.say(stop_words(stop))
    if untold:
        out.say(owed_words(untold))
    if not found:
        out.say("nothing is under way")
        return
    rows = [
        (one["id"], one["environment"], one["version"] or "", one["status"], one["stage"] or "", waits(one))
        for one in found
    ]
    out.table(("deployment", "environment", "version", "status", "stage", "waits for"), rows)
