"""Waiting: whether what a deployment is about to wait for is there already."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, or_, select

from orchestrate.models.deployment import ForApproval, ForEffects, ForTime, ForTurn, Rest
from orchestrate.store.switch import stopped
from orchestrate.store.tables import deployments, locks, questions
from orchestrate.store.watch_tables import watches

HELD_TURN = (
    select(locks.c.deployment)
    .join(deployments, deployments.c.service == locks.c.service)
    .where(
        deployments.c.id == bindparam("waiting"),
        locks.c.environment == bindparam("place"),
        locks.c.deployment != bindparam("waiting"),
    )
    .with_for_update(of=locks)
)
ANSWERED = select(questions.c.id).where(
    questions.c.id == bindparam("question"), questions.c.unanswered.is_(False)
)
FAILED = select(watches.c.id).where(
    watches.c.id == bindparam("watched"),
    or_(watches.c.judgement.like('{"verdict":"fail"%'), watches.c.closed_at.is_not(None)),
)


def turn_came(connection: Connection, deployment: str, wait: Rest) -> bool:
    """Whether nobody else holds the environment that `wait` is for, or effects may begin that it is for.

    Asked before the deployment's row is locked, because who frees the environment, or allows effects, locks
    in that order.
    """
    match wait:
        case ForTurn():
            asked = {"waiting": deployment, "place": wait.environment}
            return connection.execute(HELD_TURN, asked).first() is None
        case ForEffects(is_switched=True):
            return stopped(connection, is_kept=True) is None
        case _:
            return False


def is_answered(connection: Connection, wait: Rest) -> bool:
    """Whether the question was answered, or the watch gave a verdict that ends the wait."""
    match wait:
        case ForApproval():
            return connection.execute(ANSWERED, {"question": wait.gate}).first() is not None
        case ForTime(watch=str(watch)):
            return connection.execute(FAILED, {"watched": watch}).first() is not None
        case _:
            return False
