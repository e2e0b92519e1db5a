"""The draft of a post-mortem, as a person reads it and finishes it."""

from __future__ import annotations

import typer

from orchestrate import reports
from orchestrate.cli.options import Deployment
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import scene_of
from orchestrate.errors import Refused
from orchestrate.models.postmortem import TAKEN_BACK
from orchestrate.redaction import without_secrets


def postmortem(ctx: typer.Context, deployment: Deployment, as_json: AsJson = False) -> None:
    """Draft a post-mortem: timeline, cause, evidence, customers, follow-ups. As Markdown."""
    from orchestrate import postmortems

    out = Output(as_json)
    with scene_of(ctx).store() as store:
        row = store.deployments.deployment(deployment)
        about = postmortems.postmortem(store, row) if row.outcome in TAKEN_BACK else None
    if about is None:
        raise Refused(
            f"deployment {row.id} was not taken back",
            cure=f"see how it ended with: orchestrate deploy status {row.id}",
        )
    title, text = reports.postmortem(about)
    markdown = without_secrets(f"# {title}\n\n{text}")
    out.result({"postmortem": about.model_dump(mode="json"), "markdown": markdown})
    out.say(markdown)
