"""A worker that is told to end finishes the step in flight, and the next one goes on from there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from langgraph.runtime import RunControl

from orchestrate.models.deployment import Outcome, Status
from tests.stories.world import world


async def test_a_drained_deployment_is_left_where_it_is_and_the_next_worker_finishes_it(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        change = await here.propose("faster", {"app.py": "two"})
        deployment = here.accept("production", change=change.id)
        here.runner.drain()

        left = await here.runner.drive(deployment.id)
        assert left.status is Status.WAITING, left
        assert left.stage is None, left
        assert deployment.id in here.store.deployments.due(here.clock.now + 1)

        here.runner = replace(here.runner, control=RunControl())
        await here.go(deployment.id)
        await here.approve(deployment.id)
        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED
