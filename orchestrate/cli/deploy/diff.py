"""What a deployment would change, without changing it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import typer

from agents.runbook import RunbookPlanner
from agents.situation import Situation
from orchestrate.app import App
from orchestrate.cli import options
from orchestrate.cli.deploy.validate import looked_at
from orchestrate.cli.output import AsJson, Data, Output
from orchestrate.cli.scene import Scene, scene_of
from orchestrate.cli.wanted import Wanted
from orchestrate.errors import UnknownVersion
from orchestrate.models.change import Commit, Version
from orchestrate.models.evidence import Evidence
from orchestrate.models.fact import Fact, digest
from orchestrate.models.move import words
from orchestrate.models.plan import Plan

MOST = 50
"""So many commits are shown."""


class Difference(Fact):
    """Commits, migrations, settings, versions and moves between what is live and what would be."""

    environment: str
    version: Version
    commits: tuple[Commit, ...]
    change: str | None
    migrations: tuple[str, ...]
    settings_changed: bool
    plan: Plan


def diff(  # noqa: PLR0913  one parameter per option
    ctx: typer.Context,
    environment: options.Environment,
    version: options.Version = None,
    task: options.Task = None,
    change: options.Change = None,
    strategy: options.Strategy = None,
    as_json: AsJson = False,
) -> None:
    """Show what a deployment would change: commits, pending migrations, settings, versions, and its moves."""
    wanted = Wanted(environment=environment, version=version, task=task, change=change, strategy=strategy)
    found = asyncio.run(_difference(scene_of(ctx), wanted))
    out = Output(as_json)
    out.result(_data(found))
    _say(out, found)


async def _difference(scene: Scene, wanted: Wanted) -> Difference:
    async with scene.app() as app:
        evidence = await looked_at(app, wanted)
        if evidence.version is None:
            raise UnknownVersion(evidence.unread.get("version", "of this change: it does not merge"))
        plan = await _foreseen(app, evidence, evidence.version)
        return Difference(
            environment=evidence.environment.name,
            version=evidence.version,
            commits=await _commits(app, plan, evidence.version),
            change=evidence.change.id if evidence.change else None,
            migrations=tuple(f"{one.path} ({one.verdict})" for one in evidence.verdicts or ()),
            settings_changed=_settings_changed(app, evidence, plan),
            plan=plan,
        )


async def _foreseen(app: App, evidence: Evidence, version: Version) -> Plan:
    """The plan that the runbook would make now; it is neither kept nor approved by anybody."""
    place = app.crew.places(evidence.environment.name)
    situation = Situation(
        deployment="",
        request=evidence.request,
        environment=evidence.environment,
        task=evidence.task,
        change=evidence.change,
        version=version,
        running=evidence.running or (),
        files=await app.crew.survey.files(place, evidence, version),
        verdicts=evidence.verdicts or (),
        settings_digest=digest(evidence.environment),
    )
    return await RunbookPlanner().plan(situation)


async def _commits(app: App, plan: Plan, version: Version) -> tuple[Commit, ...]:
    before = next((one.from_version.commit for one in plan.ships if one.from_version), None)
    try:
        return await app.forge.log(before, version.commit, MOST)
    except UnknownVersion:  # what is live came from another repository, or its commit is gone
        return await app.forge.log(None, version.commit, MOST)


def _settings_changed(app: App, evidence: Evidence, plan: Plan) -> bool:
    rows = app.store.deployments.latest(environment=evidence.environment.name, limit=MOST)
    last = next((row.plan_hash for row in rows if row.outcome == "deployed" and row.plan_hash), None)
    return last is None or app.store.plans.plan(last).settings_digest != plan.settings_digest


def _data(found: Difference) -> Data:
    return {
        **found.model_dump(mode="json", exclude={"plan"}),
        "ships": [one.model_dump(mode="json") for one in found.plan.ships],
        "moves": [words(one.move) for one in found.plan.moves],
    }


def _say(out: Output, found: Difference) -> None:
    out.say(f"{found.version.name} to {found.environment}")
    ships = [
        (
            one.component,
            one.from_version.name if one.from_version else "nothing",
            one.to_version.name,
            one.strategy,
        )
        for one in found.plan.ships
    ]
    out.table(("component", "from", "to", "strategy"), ships)
    _listed(
        out,
        f"{len(found.commits)} commits",
        [f"{one.sha[:10]} {one.subject} ({one.author})" for one in found.commits],
    )
    _listed(out, f"{len(found.migrations)} migrations pending", found.migrations)
    out.say(f"settings: {'changed' if found.settings_changed else 'unchanged'} since the last deployment")
    _listed(out, f"{len(found.plan.moves)} moves", [words(one.move) for one in found.plan.moves])


def _listed(out: Output, title: str, lines: Sequence[str]) -> None:
    out.say(f"{title}{':' if lines else ''}")
    for line in lines:
        out.say(f"  {line}")
