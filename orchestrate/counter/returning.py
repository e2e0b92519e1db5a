"""Returning: what somebody wants taken back, found by task, deployment or environment, and taken back."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.app import App
from orchestrate.chat import CALL, GoBack
from orchestrate.counter import going_back
from orchestrate.counter.finding import (
    called,
    deployments_of,
    environment_or_none,
    is_deployed,
    is_newest_there,
    under_way,
)
from orchestrate.counter.naming import environment_named
from orchestrate.counter.reply import Reply
from orchestrate.counter.shipping import accepted
from orchestrate.errors import Refused
from orchestrate.identity import Identity
from orchestrate.models.deployment import DecisionKind, Deployment, Status
from orchestrate.models.environment import Channel, Environment
from orchestrate.models.question import Question
from orchestrate.reports.markdown import code


async def taken_back(app: App, said: GoBack, who: Identity, text: str) -> Reply:
    """Take it back, on the word of whoever may.

    Raises NotAllowed, NotFound, and Refused where it is not clear what shall go back, or nothing can.
    """
    if who.channel is not Channel.CLI:
        who.must_be_known()
    place = environment_or_none(app, said.what)
    if place is not None:
        return await _environment(app, place, said.rest, who, text)
    row = _meant(app, GoBack(await called(app, said.what), said.rest))
    if row.status is not Status.FINISHED:
        return await _release(app, row, who, text)
    return accepted(app, await going_back.back_to(app, who, row.environment, None))


async def _environment(app: App, place: Environment, version: str | None, who: Identity, text: str) -> Reply:
    """The release that is half-way there takes itself back; else the version before comes again."""
    half_way = [row for row in under_way(app) if row.environment == place.name and _can_return(app, row)]
    if half_way and version is None:
        return await _release(app, half_way[0], who, text)
    return accepted(app, await going_back.back_to(app, who, place.name, version))


def _can_return(app: App, row: Deployment) -> bool:
    watched = any(one.closed_at is None for one in app.store.watches.of(row.id))
    return (
        watched or going_back.is_held_half_way(row) or any(not one.asks_approval for one in _open(app, row))
    )


def _meant(app: App, said: GoBack) -> Deployment:
    """The deployment that shall go back: one under way, or one whose version is the newest where it is."""
    rows = _in(app, said.rest, deployments_of(app, said.what))
    alive = [row for row in rows if row.status is not Status.FINISHED]
    if alive:
        return alive[0]
    newest = [row for row in rows if is_deployed(row) and is_newest_there(app, row)]
    if len(newest) > 1:
        names = [row.environment for row in newest]
        raise Refused(
            f"{said.what} is the newest in {' and '.join(names)}: one must be named",
            cure=" or ".join(f"{CALL} rollback {said.what} {name}" for name in names),
        )
    if not newest:
        raise _nothing(said, rows)
    return newest[0]


def _in(app: App, environment: str | None, rows: Sequence[Deployment]) -> list[Deployment]:
    if environment is None:
        return list(rows)
    name = environment_named(app.settings, app.store, environment).name
    return [row for row in rows if row.environment == name]


def _nothing(said: GoBack, rows: Sequence[Deployment]) -> Refused:
    if any(is_deployed(row) for row in rows):
        there = next(row.environment for row in rows if is_deployed(row))
        return Refused(
            f"{said.what} is not the newest in {there} any more",
            cure=f"to take back what is live there now: {CALL} rollback {there}",
        )
    where = f" in {said.rest}" if said.rest else ""
    return Refused(f"nothing of {said.what} was deployed{where}", cure=f"{CALL} history")


async def _release(app: App, row: Deployment, who: Identity, text: str) -> Reply:
    """A release that is not through answers its question with a rollback, or takes itself back."""
    asked = _open(app, row)
    if asked:
        kind = DecisionKind.HOLD if asked[0].asks_approval else DecisionKind.ROLL_BACK
        await app.answers.decide(asked[0].id, kind, who.channel, who.login, text)
        done = "is held: nothing was changed yet" if kind is DecisionKind.HOLD else "goes back"
        return Reply(text=f"Deployment {code(row.id)} {done}.", deployment=row.id)
    going_back.take_back(app.settings, app.store, row, who, text)
    return Reply(text=f"Deployment {code(row.id)} takes itself back.", deployment=row.id)


def _open(app: App, row: Deployment) -> list[Question]:
    return [one for one in app.store.questions.for_deployment(row.id) if one.is_open]
