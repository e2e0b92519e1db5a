"""A change on its way through GitHub's merge queue: our real client, GitHub on loopback, git that merges."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from orchestrate.models.change import Change
from orchestrate.models.deployment import Deployment, ForApproval, Outcome, Stage
from orchestrate.models.task import Task
from tests.contracts.forge_world import on_github
from tests.servers.github import Github
from tests.servers.github_world import GithubWorld, Pull
from tests.stories.places import quick
from tests.stories.twins import Clock, Forge, outside
from tests.stories.world import World, assembled
from tools.systems.github_forge import GithubForge

LOOKS = 20  # seconds until the queue is looked at again
MERGE = r"/merge$"


@dataclass(frozen=True)
class Hand:
    """GitHub's forge as the world of a story takes it: with a hand that writes to the repository."""

    forge: GithubForge
    world: GithubWorld

    def __getattr__(self, name: str) -> object:
        return getattr(self.forge, name)

    def write(self, branch: str, files: Mapping[str, str | None], subject: str, since: str = "") -> str:
        return self.world.repository.write(branch, files, subject, since=since)


@dataclass(frozen=True)
class Story:
    """What is ours, what is GitHub's, and the deployment that waits in the queue."""

    here: World
    server: Github
    deployment: str
    task: Task

    @property
    def world(self) -> GithubWorld:
        return self.server.world

    @property
    def row(self) -> Deployment:
        return self.here.store.deployments.deployment(self.deployment)

    async def goes_on(self) -> Deployment:
        """The next look, and all that follows until it ends or somebody is asked."""
        await self.here.wait(LOOKS)
        return await self.here.go(self.deployment)


def proposed(world: GithubWorld, branch: str) -> Pull:
    """Somebody's pull request, reviewed and green."""
    head = world.repository.write(branch, {f"{branch}.py": "new"}, f"Work on {branch}", since="main")
    pull = world.open(f"Work on {branch}", branch, "main", author="mira")
    world.review(pull.number, "rob", "APPROVED")
    world.check("tests", "success", head)
    return pull


@asynccontextmanager
async def queued(folder: Path) -> AsyncGenerator[Story]:
    """An approved pull request that waits in GitHub's merge queue."""
    places, around = {"production": quick(folder)}, outside(("production",), Clock())
    with on_github(folder) as (forge, server):
        server.world.queue, server.world.clock = [], around.clock
        server.world.writers.add("rob")
        server.world.pusher, server.world.repository.author = "mira", "Mira"
        around.forge = cast(Forge, Hand(forge, server.world))
        await around.begin(places)
        async with assembled(folder, around, places) as here:
            pull = proposed(server.world, "faster")
            change: Change = await forge.change(str(pull.number))
            task = await here.task(change)
            row = await here.go(here.accept("production", task=task.id, change=change.id).id)
            await here.approve(row.id)
            await here.runner.drive(row.id)
            assert server.world.queue == [pull.number]
            yield Story(here, server, row.id, task)


@pytest.mark.slow
async def test_what_githubs_queue_merged_is_deployed_as_it_was_approved(folder: Path) -> None:
    async with queued(folder) as story:
        await story.here.wait(LOOKS)
        await story.here.runner.drive(story.deployment)
        still = story.row
        story.world.merge_queued()

        ended = await story.goes_on()

        merged = story.world.pulls[1].merge_commit
        plan = story.here.store.plans.of(story.deployment)
        assert (still.outcome, ended.outcome) == (None, Outcome.DEPLOYED)
        assert plan.merge is not None and tree_of(story, merged) == plan.merge.tree
        assert story.here.live().tree == plan.merge.tree
        assert story.server.count("PUT", MERGE) == 0  # the queue merged, and we did not


def tree_of(story: Story, commit: str | None) -> str:
    return story.world.repository.git("rev-parse", f"{commit}^{{tree}}")


@pytest.mark.slow
async def test_ours_first_in_a_group_is_deployed_and_not_what_came_with_it(folder: Path) -> None:
    async with queued(folder) as story:
        other = proposed(story.world, "other")
        assert story.world.queue is not None
        story.world.queue.append(other.number)
        story.world.merge_queued()

        ended = await story.goes_on()

        assert ended.outcome is Outcome.DEPLOYED
        assert story.here.live().tree == tree_of(story, story.world.pulls[1].merge_commit)
        assert story.world.repository.tip("main") == other.merge_commit


@pytest.mark.slow
async def test_another_tree_than_the_approved_one_is_not_deployed(folder: Path) -> None:
    """Somebody else's came before ours in the group: what is on the base now, nobody approved."""
    async with queued(folder) as story:
        before, asked = story.here.live(), story.row.plan_hash
        other = proposed(story.world, "other")
        assert story.world.queue is not None
        story.world.queue.insert(0, other.number)
        story.world.merge_queued()

        row = await story.goes_on()

        assert story.here.live() == before
        assert isinstance(row.waits_for, ForApproval)
        assert story.here.question(story.deployment).plan_hash != asked
        told = [one.text for one in story.here.store.events.of(story.deployment) if one.kind == "moved"]
        assert any("tree" in one for one in told)


async def test_a_group_whose_checks_fail_ends_it_and_it_is_not_queued_again(folder: Path) -> None:
    async with queued(folder) as story:
        story.world.removed(1, "failed_checks")

        ended = await story.goes_on()

        assert ended.outcome is Outcome.MERGE_REFUSED
        assert "took pull request 1 out: failed_checks (by github-merge-queue[bot])" in (ended.reason or "")
        assert story.world.queue == []
        assert story.here.store.locks.holder("production", "shop") is None


@pytest.mark.slow
async def test_what_a_person_took_out_of_the_queue_stays_out(folder: Path) -> None:
    async with queued(folder) as story:
        story.world.removed(1, "manual", "bob")

        ended = await story.goes_on()

        assert (ended.outcome, "(by bob)" in (ended.reason or "")) == (Outcome.MERGE_REFUSED, True)
        assert story.world.queue == []


@pytest.mark.slow
async def test_after_it_was_taken_out_it_can_be_asked_for_again(folder: Path) -> None:
    async with queued(folder) as story:
        story.world.removed(1, "failed_checks")
        await story.goes_on()

        again = story.here.accept("production", task=story.task.id, change="1")
        row = await story.here.go(again.id)
        assert isinstance(row.waits_for, ForApproval)
        await story.here.approve(again.id)
        await story.here.runner.drive(again.id)
        queue = list(story.world.queue or ())
        story.world.merge_queued()
        await story.here.wait(LOOKS)

        assert queue == [1]
        assert (await story.here.go(again.id)).outcome is Outcome.DEPLOYED


@pytest.mark.slow
async def test_a_base_that_moved_takes_it_out_and_the_new_plan_is_asked_about(folder: Path) -> None:
    async with queued(folder) as story:
        asked = story.row.plan_hash
        story.world.repository.write("main", {"other.py": "new"}, "Somebody else's")

        row = await story.goes_on()

        assert isinstance(row.waits_for, ForApproval)
        assert story.here.question(story.deployment).plan_hash != asked
        assert (story.world.queue, row.stage) == ([], Stage.APPROVAL)
        assert story.world.pulls[1].merge_commit is None
