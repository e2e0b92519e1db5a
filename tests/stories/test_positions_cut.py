"""A worker that ends between what a step wrote and the position after it: the next step follows."""

from __future__ import annotations

from pathlib import Path

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata

from orchestrate.models.deployment import Outcome
from orchestrate.positions.on_sqlite import SqlitePositions
from tests.stories.places import quick
from tests.stories.world import World, world


class Cut(Exception):
    """The worker ends here."""


def cut(here: World, at: int) -> None:
    """The `at`-th position from now on is not written any more."""
    saver, left = here.runner.saver, [at]
    assert isinstance(saver, SqlitePositions)
    put = saver.aput

    async def stop(
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        left[0] -= 1
        if left[0] == 0:
            raise Cut
        return await put(config, checkpoint, metadata, new_versions)

    saver.aput = stop


@pytest.mark.parametrize("at", range(2, 18, 2))
async def test_a_step_whose_position_was_not_written_is_not_taken_for_the_end(folder: Path, at: int) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()
        cut(here, at)

        with pytest.raises(Cut):
            await here.go(deployment.id)
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED, here.stages(deployment.id)
