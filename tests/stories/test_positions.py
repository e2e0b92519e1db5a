"""Positions stay small, hold our own types only, and are forgotten in the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata

from orchestrate.errors import StartFailed
from orchestrate.models.deployment import Outcome
from orchestrate.models.environment import Environment
from orchestrate.positions.on_sqlite import SqlitePositions
from tests.stories.places import WEB, production, quick
from tests.stories.world import World, world

LIMIT = 10 * 1024
SWITCH = "web: traffic green 100 %"


def measured(here: World) -> list[int]:
    """The size in bytes of every position that is written from now on."""
    saver, sizes = here.runner.saver, list[int]()
    assert isinstance(saver, SqlitePositions)
    put = saver.aput

    async def weigh(
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        sizes.append(len(saver.serde.dumps_typed(checkpoint)[1]))
        return await put(config, checkpoint, metadata, new_versions)

    saver.aput = weigh
    return sizes


async def test_a_position_stays_small_at_every_step_of_a_good_deployment(folder: Path) -> None:
    async with world(folder, production(folder)) as here:
        sizes = measured(here)
        deployment, _, _ = await here.approved()

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        assert len(sizes) > 20
        assert max(sizes) < LIMIT


LONG = "Traceback: " + "the router hangs and hangs; " * 4000


@pytest.mark.parametrize("is_stuck", [False, True], ids=["rolled back", "rollback failed"])
async def test_a_position_stays_small_however_much_a_failure_says(folder: Path, is_stuck: bool) -> None:
    async with world(folder, quick(folder)) as here:
        sizes = measured(here)
        deployment, _, change = await here.approved()

        def fail() -> None:
            raise StartFailed(LONG)

        here.provider.at[SWITCH] = fail
        here.provider.lines["green"] = [LONG] * 5
        if is_stuck:
            here.provider.at[f"web: stop 2 × {change.head[:8]} in green"] = fail
        row = await here.go(deployment.id)

        assert row.outcome is (Outcome.ROLLBACK_FAILED if is_stuck else Outcome.ROLLED_BACK)
        assert max(sizes) < LIMIT


async def test_a_position_stays_small_however_many_files_conflict(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        sizes = measured(here)
        names = [f"a/very/long/folder/name/that/goes/on/{number}.py" for number in range(500)]
        change = await here.propose("mine", dict.fromkeys(names, "mine"))
        here.forge.write("main", dict.fromkeys(names, "theirs"), "Another")

        row = await here.go(here.accept("production", change=change.id).id)

        assert row.outcome is Outcome.CONFLICT
        assert max(sizes) < LIMIT


def many(folder: Path, names: Sequence[str]) -> Environment:
    """Production with many components."""
    parts = [WEB.model_copy(update={"name": name, "port": 8000 + index}) for index, name in enumerate(names)]
    return quick(folder, components=tuple(parts))


async def test_a_position_stays_small_with_many_components(folder: Path) -> None:
    async with world(folder, many(folder, [f"service-number-{one}" for one in range(8)])) as here:
        sizes = measured(here)
        deployment, _, _ = await here.approved()

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        assert max(sizes) < LIMIT


async def test_a_finished_deployment_leaves_no_position(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()

        await here.go(deployment.id)

        found = [one async for one in here.runner.saver.alist({"configurable": {"thread_id": deployment.id}})]
        assert found == []
