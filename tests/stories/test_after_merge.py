"""Stories of what a forge does after the merge: its workflows are waited for, and it shows the deployment."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrate.errors import ImageAwaited, Unreachable
from orchestrate.models.change import CheckState, Version
from orchestrate.models.deployment import Outcome
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Artifact
from tests.stories.places import quick
from tests.stories.twins import Clock, Provider
from tests.stories.world import World, assembled, outside
from tools.provider import Checkout, Say
from tools.showing import MemoryShowcase, Shown, Standing
from tools.workflows import MemoryWorkflows, Run, Watched


class LatePushed(Provider):
    """A place whose images are made by others, some looks after the merge."""

    looks = 0

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        self.looks -= 1
        if self.looks >= 0:
            raise ImageAwaited(f"the registry has no registry.example/web:{version.commit[:8]}")
        return await super().build(component, version, checkout, say)


async def test_an_image_that_is_still_being_made_is_waited_for(folder: Path) -> None:
    provider = LatePushed()
    async with world(folder, MemoryShowcase(), MemoryWorkflows(), provider=provider) as here:
        provider.looks = 3
        deployment, _, _ = await here.approved()

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        waited = [one for one in here.store.events.of(deployment.id) if one.kind == "not_done"]
        assert ["the registry has no" in one.text for one in waited] == [True, True, True]


@pytest.mark.parametrize(("timeout", "least", "most"), [(900, 5, 10), (0, 0, 0)])
async def test_an_image_that_nobody_makes_ends_it_by_its_name_before_anything_is_changed(
    folder: Path, timeout: int, least: int, most: int
) -> None:
    provider = LatePushed()
    async with world(folder, MemoryShowcase(), MemoryWorkflows(), provider=provider) as here:
        provider.looks = 100
        here.change_settings(image_timeout=timeout)
        deployment, _, _ = await here.approved()

        row = await here.go(deployment.id, tick=10)

        assert row.outcome is Outcome.FAILED_BEFORE_CHANGE
        assert "the registry has no registry.example/web:" in row.reason
        story = here.store.events.of(deployment.id)
        waited = [one.at for one in story if one.kind == "not_done"]
        assert least <= len(waited) <= most
        assert not waited or timeout <= story[-1].at - waited[0] <= timeout + 310


class Forgetful(MemoryShowcase):
    """A showcase that does not answer."""

    async def show(self, shown: Shown) -> None:
        raise Unreachable("the showcase is down")


@asynccontextmanager
async def world(
    folder: Path,
    showcase: MemoryShowcase,
    workflows: MemoryWorkflows,
    *names: str,
    provider: Provider | None = None,
) -> AsyncGenerator[World, None]:
    places = {one.name: one for one in (quick(folder),)}
    around = outside(tuple(places), Clock())
    around = replace(around, showcase=showcase, workflows=Watched(workflows=workflows, names=names))
    if provider is not None:
        around.providers["production"] = provider
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
