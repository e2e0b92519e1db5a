"""Positions of deployments that ended, when their worker ended before it forgot them."""

from __future__ import annotations

from contextlib import suppress

from orchestrate.errors import UnknownDeployment
from orchestrate.models.deployment import Outcome, Status
from orchestrate.positions.bound import Bound
from orchestrate.store import Store


async def forget_ended(positions: Bound, store: Store) -> None:
    """Forget what nobody will go on from. What was parked is kept, for whoever has to look at it."""
    for deployment in await positions.threads():
        with suppress(UnknownDeployment):
            row = store.deployments.deployment(deployment)
            if row.status is Status.FINISHED and row.outcome is not Outcome.PARKED:
                await positions.adelete_thread(deployment)
