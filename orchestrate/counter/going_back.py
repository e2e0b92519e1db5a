"""Going back: a release that takes itself back, and the request for a version before the live one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrate.counter.naming import environment_named, known_version
from orchestrate.errors import NoVersionYet, Refused, Unreachable
from orchestrate.identity import Identity
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
from orchestrate.settings import Settings
from orchestrate.store import Store

if TYPE_CHECKING:
    from orchestrate.app import App

TRIGGER = "person"
CALLED_BACK, EXPIRES = "called_back", 86_400.0  # seconds
LATEST = 200
SHORT = 7  # characters of a commit's SHA, at least, where no repository says that they are its


def asks(store: Store, row: Deployment) -> bool:
    """Whether a question of it is open: then a rollback is an answer."""
    return any(one.is_open for one in store.questions.for_deployment(row.id))


def take_back(settings: Settings, store: Store, row: Deployment, who: Identity, reason: str) -> str:
    """Let a release that asks nothing take itself back, on the word of whoever may; their name.

    Raises NotAllowed, and Refused when it is neither watched nor held half-way.
    """
    by = who.must_overrule(environment_named(settings, store, row.environment)).name
    if is_held_half_way(row):
        call_back(store, row, by, reason, who.channel)
    else:
        judge(store, row, by, reason)
    return by


def is_held_half_way(row: Deployment) -> bool:
    """Whether its next move waits until effects may begin."""
    return row.stage is Stage.DEPLOY and isinstance(row.waits_for, ForEffects)


def call_back(store: Store, row: Deployment, by: str, reason: str, channel: Channel = Channel.CLI) -> None:
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
        channel=channel,
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
        target = before_live(app.store, place.name, deployed, await live(app, place.name))
    else:
        target = await _named(app, deployed, version)
    return Request(
        kind=Kind.ROLLBACK,
        environment=place.name,
        version=target.commit,
        requested_by=who.name,
        rolls_back=deployed[0].id if deployed else None,
    )


async def _named(app: App, deployed: tuple[Deployment, ...], name: str) -> Version:
    """What the repository calls so; while it does not answer, the newest that ran there under that name."""
    try:
        return await known_version(app, name)
    except Unreachable:
        for ran in (_version(app.store, row) for row in deployed):
            if ran and (name == ran.name or (len(name) >= SHORT and ran.commit.startswith(name))):
                return ran
        raise


async def live(app: App, environment: str) -> Version | None:
    """What serves there now."""
    running = await app.crew.places(environment).running()
    slots = [one.live for one in running.values()]
    return next((slot.version for slot in slots if slot is not None), None)


def before_live(
    store: Store, environment: str, deployed: tuple[Deployment, ...], now: Version | None
) -> Version:
    """What was deployed before the live version came: the newest of another tree.

    Where we deployed none, what the plans say was live when ours came. Raises NoVersionYet.
    """
    versions = [version for row in deployed if (version := _version(store, row))]
    if now is not None:
        came = next((index for index, one in enumerate(versions) if one.tree == now.tree), 0)
        versions = [one for one in versions[came:] if one.tree != now.tree]
    if not versions:
        replaced = (version for row in deployed if (version := _replaced(store, row)))
        versions = [one for one in replaced if now is None or one.tree != now.tree]
    if not versions:
        said = f"nothing is known to have run in {environment} before what is live"
        again = f"orchestrate deploy rollback --env {environment} --version V"
        raise NoVersionYet(said, cure=f"name a version: {again}")
    return versions[0]


def _replaced(store: Store, row: Deployment) -> Version | None:
    """What served in all of its components before it came, where that was one version."""
    ships = store.plans.plan(row.plan_hash).ships if row.plan_hash else ()
    before = {one.from_version.tree: one.from_version for one in ships if one.from_version is not None}
    return next(iter(before.values())) if len(before) == 1 else None


def _version(store: Store, row: Deployment) -> Version | None:
    """What it left running; the plan names the head, whose files are not those of its merge."""
    planned = store.plans.plan(row.plan_hash).version if row.plan_hash else None
    return store.verified.by(row.id) or planned
