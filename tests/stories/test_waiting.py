"""Stories of waiting: for reviews, and for a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import AlreadyDecided
from orchestrate.models.change import NewChange
from orchestrate.models.deployment import DecisionKind, ForApproval, ForChecks, Outcome, Status
from orchestrate.models.environment import Channel, Gates
from tests.stories.places import quick
from tests.stories.world import World, world

PATIENT = Gates(reviews=1, wait_for_approvals=100)


async def unreviewed(here: World) -> tuple[str, str, str]:
    """A change that nobody looked at: its id, its task and its deployment."""
    here.forge.write("lonely", {"lonely.py": "new"}, "Work", since="main")
    change = await here.forge.open(NewChange(branch="lonely", base="main", title="Lonely", author="mira"))
    task = await here.task(change)
    return change.id, task.id, here.accept("production", task=task.id, change=change.id).id


async def test_a_deployment_waits_for_its_review_and_goes_on_when_it_arrives(folder: Path) -> None:
    async with world(folder, quick(folder, gates=PATIENT)) as here:
        change, _, deployment = await unreviewed(here)
        await here.runner.drive(deployment)
        waiting = here.store.deployments.deployment(deployment)
        assert isinstance(waiting.waits_for, ForChecks)

        await here.review(await here.forge.change(change))
        row = await here.go(deployment)

        assert isinstance(row.waits_for, ForApproval)


async def test_a_review_that_never_comes_blocks_the_deployment_when_patience_ends(folder: Path) -> None:
    async with world(folder, quick(folder, gates=PATIENT)) as here:
        _, task, deployment = await unreviewed(here)
        began = here.clock.now

        row = await here.go(deployment)

        assert row.outcome is Outcome.BLOCKED
        assert here.clock.now - began == pytest.approx(100, abs=1)
        assert len(await here.said(task, "approvals of")) == 1
        assert len([one for one in await here.announced() if "blocked" in one.title.lower()]) == 1


async def test_a_change_that_moves_while_it_waits_for_ada_gets_its_patience_anew(folder: Path) -> None:
    async with world(folder, quick(folder, gates=PATIENT)) as here:
        deployment, _, change = await here.asked()
        here.clock.now += 1000
        await here.approve(deployment.id)
        here.forge.write(change.branch, {"more.py": "more"}, "One more")
        await here.runner.drive(deployment.id)

        waiting = here.store.deployments.deployment(deployment.id)

        assert waiting.status is Status.WAITING
        assert isinstance(waiting.waits_for, ForChecks)


async def test_a_reminder_goes_out_once(folder: Path) -> None:
    async with world(folder, quick(folder, approval_reminder=100)) as here:
        deployment, task, _ = await here.asked()

        for _ in range(5):
            here.clock.now += 60
            await here.go(deployment.id)

        assert len(await here.said(task.id, "still waits")) == 1
        await here.approve(deployment.id)
        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED


async def test_an_expired_question_is_closed_and_said(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, change = await here.asked()
        here.clock.now += 90_000

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.EXPIRED
        assert len(await here.said(task.id, "Expired")) == 1
        assert (await here.tracker.task(task.id)).status == "On hold"
        assert (await here.forge.change(change.id)).merge_commit is None
        with pytest.raises(AlreadyDecided):
            question = here.store.questions.for_deployment(deployment.id)[0]
            await here.answers.decide(question.id, DecisionKind.APPROVED, Channel.CLI, "ada", "Approved")


async def test_the_request_shows_what_the_gates_found(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        _, task, _ = await here.asked()

        (request,) = await here.said(task.id, "Answer on this thread")

        assert "mergeable" in request
        assert "1 checks passed" in request
