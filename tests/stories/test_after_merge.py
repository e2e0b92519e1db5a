"""Stories of what a forge does after the merge: its workflows are waited for, and it shows the deployment."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from orchestrate.errors import Unreachable
from orchestrate.models.change import CheckState
from orchestrate.models.deployment import Outcome
from tests.stories.places import quick
from tests.stories.twins import Clock
from tests.stories.world import World, assembled, outside
from tools.showing import MemoryShowcase, Shown, Standing
from tools.workflows import MemoryWorkflows, Run, Watched


class Forgetful(MemoryShowcase):
    """A showcase that does not answer."""

    async def show(self, shown: Shown) -> None:
        raise Unreachable("the showcase is down")


@asynccontextmanager
async def world(
    folder: Path, showcase: MemoryShowcase, workflows: MemoryWorkflows, *names: str
) -> AsyncGenerator[World, None]:
    places = {one.name: one for one in (quick(folder),)}
    around = outside(tuple(places), Clock())
    around = replace(around, showcase=showcase, workflows=Watched(workflows=workflows, names=names))
    await around.begin(places)
    async with assembled(folder, around, places) as made:
        yield made


def ended(commit: str, state: CheckState) -> Run:
    return Run(id="1", name="image", commit=commit, state=state, at=datetime(2026, 1, 1, tzinfo=UTC))


class Quickly(MemoryWorkflows):
    """Workflows that end as they are told, some looks after the merge."""

    def __init__(self, state: CheckState, looks: int) -> None:
        super().__init__()
        self.state, self.looks = state, looks

    async def runs(self, commit: str) -> tuple[Run, ...]:
        self.looks -= 1
        return (ended(commit, self.state if self.looks < 0 else CheckState.PENDING),)


async def test_what_is_deployed_is_shown_from_beginning_to_end(folder: Path) -> None:
    showcase = MemoryShowcase()
    async with world(folder, showcase, MemoryWorkflows()) as here:
        deployment, _, change = await here.approved()

        await here.go(deployment.id)

    assert [one.standing for one in showcase.shown] == [Standing.RUNNING, Standing.DONE]
    assert {(one.commit, one.environment) for one in showcase.shown} == {(change.head, "production")}


async def test_a_showcase_that_is_down_keeps_nobody_waiting(folder: Path) -> None:
    async with world(folder, Forgetful(), MemoryWorkflows()) as here:
        deployment, _, _ = await here.approved()

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        assert [one.kind for one in here.store.events.of(deployment.id)].count("not_shown") == 2


async def test_a_workflow_of_the_merge_is_waited_for(folder: Path) -> None:
    workflows = Quickly(CheckState.PASSED, 3)
    async with world(folder, MemoryShowcase(), workflows, "image") as here:
        deployment, _, _ = await here.approved()

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        assert workflows.looks < 0


async def test_a_red_workflow_ends_it_before_anything_is_changed_and_its_log_is_kept(folder: Path) -> None:
    workflows = Quickly(CheckState.FAILED, 1)
    workflows.logs["1"] = "npm ERR! no space left"
    showcase = MemoryShowcase()
    async with world(folder, showcase, workflows, "image") as here:
        deployment, _, _ = await here.approved()

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.FAILED_BEFORE_CHANGE
        assert "workflow image" in row.reason
        assert any("npm ERR!" in one.text for one in here.store.logs.read(deployment.id))
        assert "deploy" not in here.stages(deployment.id)
        assert [one.standing for one in showcase.shown] == [Standing.FAILED]
