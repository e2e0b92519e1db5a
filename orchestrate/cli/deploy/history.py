"""What was deployed, newest first."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrate.cli.glance import Summary, summary
from orchestrate.cli.options import AnyEnvironment
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import scene_of

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="At most so many.")]
Before = Annotated[
    str | None, typer.Option("--before", metavar="ID", help="Older than this one: the next page.")
]


def history(
    ctx: typer.Context,
    environment: AnyEnvironment = None,
    limit: Limit = 20,
    before: Before = None,
    as_json: AsJson = False,
) -> None:
    """Show past and present deployments, newest first."""
    scene, out = scene_of(ctx), Output(as_json)
    settings = scene.settings()
    from orchestrate.cli.scene import opened
    from orchestrate.counter.naming import environment_named  # slow to import

    with opened(settings) as store:
        name = environment_named(settings, store, environment).name if environment else None
        older = store.deployments.deployment(before).id if before else None
        found = [
            summary(one) for one in store.deployments.latest(environment=name, limit=limit, before=older)
        ]
    more = found[-1]["id"] if len(found) == limit else None
    out.result({"deployments": [dict(one) for one in found], "next": more})
    if not found:
        out.say("nothing was deployed yet")
        return
    out.table(
        ("deployment", "begun", "environment", "version", "by", "outcome"), [_row(one) for one in found]
    )
    if more:
        out.say(f"older ones: orchestrate deploy history --before {more}")


def _row(one: Summary) -> tuple[str, ...]:
    begun = one["created_at"][:16].replace("T", " ")
    ended = one["outcome"] or one["status"]
    kind = "" if one["kind"] == "deploy" else f"{one['kind']} to "
    return one["id"], begun, one["environment"], f"{kind}{one['version'] or ''}", one["requested_by"], ended
