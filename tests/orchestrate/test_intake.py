"""Intake: a task's way, and claims that nobody makes twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from orchestrate.errors import TaskClaimed, UnknownEnvironment
from orchestrate.models.deployment import Outcome, Request, Status
from orchestrate.models.environment import Strategy
from orchestrate.models.task import TaskMetadata
from tests.stories.places import quick, staging
from tests.stories.world import World, world


@pytest.fixture
async def here(tmp_path: Path) -> AsyncGenerator[World]:
    async with world(tmp_path, staging(tmp_path), quick(tmp_path)) as made:
        yield made


async def test_nothing_to_claim_is_normal(here: World) -> None:
    assert await here.intake.claim("test") == ()


async def test_a_task_is_claimed_once(here: World) -> None:
    task = await here.task(await here.propose("faster", {"app.py": "two"}))

    (first,) = await here.intake.claim("one")

    assert await here.intake.claim("two") == ()
    assert first.status is Status.ACCEPTED
    with pytest.raises(TaskClaimed):
        here.accept("production", task=task.id)


async def test_a_claim_goes_through_all_environments_in_order(here: World) -> None:
    task = await here.task(await here.propose("faster", {"app.py": "two"}))

    (first,) = await here.intake.claim("one")

    assert (first.request.environment, first.request.flow) == ("staging", ("production",))
    assert first.request.task == task.id
    assert first.request.requested_by == "worker one"


async def test_a_task_that_passed_staging_goes_on_in_production(here: World) -> None:
    task = await here.task(await here.propose("faster", {"app.py": "two"}))
    (first,) = await here.intake.claim("one")
    lease = here.store.leases.take(first.id, "one", 60)
    assert lease is not None
    here.store.deployments.finish(lease, Outcome.DEPLOYED, "")

    request = here.intake.request_of(await here.tracker.task(task.id), "one")

    assert (request.environment, request.flow) == ("production", ())


@pytest.mark.parametrize(
    ("target", "expected"), [("staging", ("staging", ())), ("production", ("staging", ("production",)))]
)
async def test_a_task_says_how_far_it_goes(here: World, target: str, expected: tuple[str, object]) -> None:
    change = await here.propose("faster", {"app.py": "two"})
    task = await here.task(change, metadata=TaskMetadata(deployment_target=target))

    request = here.intake.request_of(task, "one")

    assert (request.environment, request.flow) == expected


async def test_a_task_names_version_and_strategy(here: World) -> None:
    change = await here.propose("faster", {"app.py": "two"})
    task = await here.task(change, metadata=TaskMetadata(version="main", strategy="canary"))

    request = here.intake.request_of(task, "one")

    assert (request.version, request.strategy) == ("main", Strategy.CANARY)


@pytest.mark.parametrize("metadata", [TaskMetadata(strategy="yolo"), TaskMetadata(deployment_target="moon")])
async def test_a_task_that_asks_for_what_there_is_not_keeps_no_other_waiting(
    here: World, metadata: TaskMetadata
) -> None:
    change = await here.propose("faster", {"app.py": "two"})
    odd = await here.task(change, metadata=metadata)
    good = await here.task(change)

    accepted = await here.intake.claim("one")
    await here.intake.claim("one")

    assert [one.request.task for one in accepted] == [good.id]
    (told,) = here.store.events.of("")
    assert odd.id in told.text


@pytest.mark.parametrize("stage", ["6", "Stage 6", "Deployment", "release", None])
async def test_a_task_whose_stage_is_to_be_deployed_is_claimed(here: World, stage: str | None) -> None:
    change = await here.propose("faster", {"app.py": "two"})
    task = await here.task(change, metadata=TaskMetadata(stage=stage))

    assert [one.request.task for one in await here.intake.claim("one")] == [task.id]


@pytest.mark.parametrize("stage", ["4", "16", "testing", "deployed?"])
async def test_a_task_at_another_stage_is_left_alone_and_said_once(here: World, stage: str) -> None:
    change = await here.propose("faster", {"app.py": "two"})
    task = await here.task(change, metadata=TaskMetadata(stage=stage))

    assert (*await here.intake.claim("one"), *await here.intake.claim("one")) == ()

    (told,) = here.store.events.of("")
    assert told.text == (
        f"task {task.id}: its stage is {stage!r}; it is deployed at 6 or deploy or deployment or release"
    )
    assert (await here.tracker.task(task.id)).status == "Ready to Deploy"
    assert here.intake.request_of(task, "ada").task == task.id  # a person who names it


async def test_an_unknown_environment_is_refused(here: World) -> None:
    with pytest.raises(UnknownEnvironment):
        here.intake.accept(Request(environment="moon", requested_by="rob"))
