"""The plan of a deployment, as a person reads it."""

from __future__ import annotations

import typer

from orchestrate import reports
from orchestrate.cli.options import Deployment
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import scene_of
from orchestrate.errors import Refused


def plan(ctx: typer.Context, deployment: Deployment, as_json: AsJson = False) -> None:
    """Show the plan that was made: every move with its undo, the checks, what counts as bad. As Markdown."""
    out = Output(as_json)
    with scene_of(ctx).store() as store:
        row = store.deployments.deployment(deployment)
        if row.plan_hash is None:
            raise Refused(
                f"deployment {row.id} has no plan yet",
                cure=f"see how far it is with: orchestrate deploy status {row.id}",
            )
        found, seen = store.plans.plan(row.plan_hash), store.events.foreseen(row.id, row.plan_hash)
    markdown, facts = reports.plan_page(found), found.model_dump(mode="json")
    out.result({"hash": found.hash, "plan": facts, "markdown": markdown, "foresight": list(seen)})
    out.say(markdown)
    if seen:
        out.say(f"\n{reports.foresight(seen)}")
