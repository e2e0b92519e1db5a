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
from orchestrate.cli.places import environment_named
from orchestrate.cli.scene import Scene, opened, scene_of
from orchestrate.cli.wanted import known_version
from orchestrate.errors import Refused, UnknownVersion
from orchestrate.models.change import Version
from orchestrate.models.deployment import (
    Decision,
    DecisionKind,
    Deployment,
    ForEffects,
    Kind,
    Outcome,
    Request,
    Stage,
    Status,
)
from orchestrate.models.environment import Channel
from orchestrate.models.sample import Judgement, Verdict
from orchestrate.store import Store

TRIGGER = "person"
CALLED_BACK, EXPIRES = "called_back", 86_400.0  # seconds
LATEST = 200

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
        if not any(one.is_open for one in store.questions.for_deployment(row.id)):
            by = identity(settings).must_overrule(environment_named(settings, store, row.environment)).name
            (call_back if is_held_half_way(row) else judge)(store, row, by, reason)
            _judged(out, row, by)
            return
    answer(scene, out, row.id, DecisionKind.ROLL_BACK, reason)


def _judged(out: Output, row: Deployment, by: str) -> None:
    out.result({"deployment": row.id, "verdict": Verdict.FAIL, "trigger": TRIGGER, "by": by})
    out.say(f"deployment {row.id} takes itself back; follow it with: orchestrate deploy status {row.id}")


def is_held_half_way(row: Deployment) -> bool:
    """Whether its next move waits until effects may begin."""
    return row.stage is Stage.DEPLOY and isinstance(row.waits_for, ForEffects)


def call_back(store: Store, row: Deployment, by: str, reason: str) -> None:
    """Choose the way back for it, although nobody asked: it waits for effects, and undos may go on."""
    now = store.clock()
    question = store.questions.open(
        deployment=row.id,
        gate_kind=CALLED_BACK,
        plan_hash=row.plan_hash or "",
        head=None,
        tree=None,
        task=None,
        expires=now + EXPIRES,
        remind_at=None,
    )
    said = Decision(
        gate=question.id,
        kind=DecisionKind.ROLL_BACK,
        by=by,
        channel=Channel.CLI,
        plan_hash=question.plan_hash,
        text=reason,
        at=now,
    )
    store.questions.decide(question.id, said)


def judge(store: Store, row: Deployment, by: str, reason: str) -> None:
    """End every open watch of the deployment with a no. Raises Refused when it is not being watched."""
    watches = [one for one in store.watches.of(row.id) if one.closed_at is None]
    if row.status is Status.FINISHED or not watches:
        raise Refused(
            f"deployment {row.id} is not being watched",
            cure=f"take its environment back with: orchestrate deploy rollback --env {row.environment}",
        )
    sentence = f"{by} takes it back{': ' + reason if reason else ''}"
    store.events.add(row.id, row.stage, "decided", sentence, {"by": by})
    for watch in watches:
        store.watches.judge(watch.id, Judgement(verdict=Verdict.FAIL, trigger=TRIGGER, sentence=sentence))


async def back_to(app: App, who: Identity, environment: str, version: str | None) -> Request:
    """The request for the named version, or for the one before. Raises UnknownVersion when there is none."""
    place = environment_named(app.settings, app.store, environment)
    deployed = app.store.deployments.latest(
        environment=place.name, service=place.service, outcome=Outcome.DEPLOYED, limit=LATEST
    )
    if version is None:
        target = before_live(app.store, deployed, await live(app, place.name))
    else:
        target = await known_version(app, version)
    return Request(
        kind=Kind.ROLLBACK,
        environment=place.name,
        version=target.commit,
        requested_by=who.name,
        rolls_back=deployed[0].id if deployed else None,
    )


async def live(app: App, environment: str) -> Version | None:
    """What serves there now."""
    running = await app.crew.places(environment).running()
    slots = [one.live for one in running.values()]
    return next((slot.version for slot in slots if slot is not None), None)


def before_live(store: Store, deployed: tuple[Deployment, ...], now: Version | None) -> Version:
    """What was deployed before the live version came: the newest of another tree. Raises UnknownVersion."""
    versions = [version for row in deployed if (version := _version(store, row))]
    if now is not None:
        came = next((index for index, one in enumerate(versions) if one.tree == now.tree), 0)
        versions = [one for one in versions[came:] if one.tree != now.tree]
    if not versions:
        raise UnknownVersion("before the live one")
    return versions[0]


def _version(store: Store, row: Deployment) -> Version | None:
    """What it left running; the plan names the head, whose files are not those of its merge."""
    planned = store.plans.plan(row.plan_hash).version if row.plan_hash else None
    return store.verified.by(row.id) or planned
