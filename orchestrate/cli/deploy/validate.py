"""Run all gates, and change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import typer

from graphs.steps.known import foreseen
from orchestrate.app import App
from orchestrate.cli import options
from orchestrate.cli.exits import Exit
from orchestrate.cli.identity import identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, scene_of
from orchestrate.cli.wanted import Wanted
from orchestrate.gates import findings
from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import Finding, GateResult


def validate(  # noqa: PLR0913  one parameter per option
    ctx: typer.Context,
    environment: options.Environment,
    version: options.Version = None,
    task: options.Task = None,
    change: options.Change = None,
    override: options.Override = None,
    as_json: AsJson = False,
) -> None:
    """Run all gates as a deployment would, and change nothing. Ends with 0 when all pass, else with 1."""
    out = Output(as_json)
    wanted = Wanted(
        environment=environment, version=version, task=task, change=change, overrides=override or ()
    )
    found, seen = asyncio.run(evidence(scene_of(ctx), wanted))
    results = findings(found)
    passes = all(one.finding is Finding.PASS for one in results)
    _show(out, found, results, seen, passes=passes)
    raise typer.Exit(int(Exit.OK if passes else Exit.NO))


async def evidence(scene: Scene, wanted: Wanted) -> tuple[Evidence, Sequence[str]]:
    """What the gates would look at, and what the steps of a canary could see."""
    async with scene.app() as app:
        found = await looked_at(app, wanted)
        return found, foreseen(app.store, found.environment)


async def looked_at(app: App, wanted: Wanted) -> Evidence:
    """The same, where the product is assembled already."""
    request = await wanted.request(app, identity(app.settings))
    return await app.crew.survey.evidence("", request, None)


def _show(
    out: Output, found: Evidence, results: Sequence[GateResult], seen: Sequence[str], *, passes: bool
) -> None:
    name = found.version.name if found.version else "no version"
    out.result(
        {
            "environment": found.environment.name,
            "version": found.version.model_dump(mode="json") if found.version else None,
            "passes": passes,
            "gates": [one.model_dump(mode="json") for one in results],
            "foresight": list(seen),
        }
    )
    out.table(("gate", "finding", "evidence"), [(one.gate, one.finding, one.sentence) for one in results])
    for one in results:
        if one.finding is not Finding.PASS and one.cure:
            out.say(f"to clear {one.gate}: {one.cure}")
    for one in seen:
        out.say(one)
    out.say(f"{name} to {found.environment.name}: {'every gate passes' if passes else 'may not be deployed'}")
