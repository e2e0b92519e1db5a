"""Stories of approvals: who may give them, how many it takes, and when one no longer stands."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrate.errors import NotAllowed
from orchestrate.models.deployment import DecisionKind, Deployment, Outcome, Status
from orchestrate.models.environment import Channel, Environment
from orchestrate.models.gate import GateName, Override
from orchestrate.models.question import Question
from orchestrate.models.task import Task
from tests.stories.places import quick
from tests.stories.world import World, world

BOTH = {"approvers": ("ada", "rob")}


def shared(folder: Path) -> Environment:
    """Production, where two persons must approve."""
    return quick(folder, **BOTH, approvals=2)


def questions(here: World, deployment: Deployment) -> tuple[Question, ...]:
    asked = here.store.questions.for_deployment(deployment.id)
    return tuple(sorted(asked, key=lambda one: one.gate_kind))


def nobody(channel: Channel, account: str) -> None:
    """Whom an account belongs to that was taken from everybody."""


async def by_eve(here: World, branch: str = "faster", **files: str) -> tuple[Deployment, Task]:
    """A change of somebody else's, asked for by a worker, whose plan waits."""
    change = await here.propose(branch, {**{f"{branch}.py": "new"}, **files}, author="eve")
    task = await here.task(change)
    row = here.accept("production", task=task.id, change=change.id, requested_by="worker w")
    return await here.go(row.id), task


async def test_two_persons_approve_and_one_of_them_is_not_enough(folder: Path) -> None:
    async with world(folder, shared(folder)) as here:
        deployment, task = await by_eve(here)

        await here.says("ada", "Approved", task.id)
        await here.says("ada", "Approved", task.id)
        half = await here.go(deployment.id)
        told = await here.said(task.id, "Counted; one more person must approve.")
        await here.says("rob", "Approved", task.id)
        row = await here.go(deployment.id)

        assert (half.status, len(told)) == (Status.WAITING, 1)
        assert row.outcome is Outcome.DEPLOYED
        assert questions(here, deployment)[0].approved_by == ("ada", "rob")


async def test_one_hold_outweighs_two_approvals(folder: Path) -> None:
    async with world(folder, shared(folder)) as here:
        deployment, task = await by_eve(here)
        for who, text in (("ada", "Approved"), ("rob", "Approved"), ("mira", "Hold")):
            await here.tracker.say(task.id, who, text)

        await here.answers.read()

        assert (await here.go(deployment.id)).outcome is Outcome.HELD


async def test_the_request_says_how_many_must_approve_and_who_may_not(folder: Path) -> None:
    async with world(folder, shared(folder)) as here:
        deployment, task, _ = await here.asked()  # rob asks for it

        (request,) = await here.said(task.id, "may `shop`")
        assert "2 different persons must approve" in request
        assert "rob asked for this deployment, and may not approve" in request
        assert "2 different persons must approve, and 1 may" in request
        with pytest.raises(NotAllowed, match="rob asked for this deployment"):
            question = here.question(deployment.id)
            await here.answers.decide(question.id, DecisionKind.APPROVED, Channel.CLI, "rob", "")


@pytest.mark.parametrize("path", ["orchestrate.yaml", ".github/workflows/ci.yml", "CODEOWNERS"])
async def test_a_change_of_policy_takes_two_persons_and_is_judged_by_the_old_one(
    folder: Path, path: str
) -> None:
    async with world(folder, quick(folder, **BOTH)) as here:
        deployment, task = await by_eve(here, **{path: "approvals: 1\nauthors_may_approve: true"})

        await here.says("ada", "Approved", task.id)

        assert (await here.go(deployment.id)).status is Status.WAITING
        assert f"it changes {path}" in (await here.said(task.id, "may `shop`"))[0].replace("\\", "")
        await here.says("rob", "Approved", task.id)
        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED


async def test_an_approval_whose_comment_was_edited_is_void_and_asked_for_again(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, change = await here.asked()
        said = await here.says("ada", "Approved", task.id)
        await here.tracker.edit(said.id, "Approved, but not on a Friday")

        row = await here.go(deployment.id)

        before, now = questions(here, deployment)
        assert row.status is Status.WAITING and here.forge.merges == []
        assert before.closed == "void: ada's comment was edited"
        assert now.gate_kind == "approval/2" and now.plan_hash == before.plan_hash
        assert len(await here.said(task.id, "**Asked again**")) == 1
        here.clock.now += 1
        await here.says("ada", "Approved", task.id)
        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED
        assert (await here.forge.change(change.id)).merge_commit is not None


async def test_an_approval_whose_comment_was_deleted_is_void(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.asked()
        said = await here.says("ada", "Approved", task.id)
        here.tracker.erase(said.id)

        row = await here.go(deployment.id)

        assert row.status is Status.WAITING
        assert questions(here, deployment)[0].closed == "void: ada's comment was deleted"


async def test_one_comment_of_two_that_is_gone_voids_both(folder: Path) -> None:
    async with world(folder, shared(folder)) as here:
        deployment, task = await by_eve(here)
        first = await here.says("ada", "Approved", task.id)
        here.tracker.erase(first.id)
        await here.says("rob", "Approved", task.id)

        await here.go(deployment.id)

        assert here.question(deployment.id).approved_by == ()


async def test_a_hold_that_nobody_had_read_is_obeyed_at_the_door(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.approved()
        await here.tracker.say(task.id, "mira", "Hold")

        row = await here.go(deployment.id)

        assert (row.outcome, here.forge.merges) == (Outcome.HELD, [])
        assert "mira said hold" in [one.text for one in here.store.events.of(deployment.id)]


async def test_a_hold_in_the_last_moment_stops_the_merge(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.approved()

        def after_the_queue_looked() -> None:
            with suppress(StopIteration):  # it waits for nothing
                here.tracker.say(task.id, "mira", "Hold").send(None)

        here.forge.before_preview = after_the_queue_looked
        row = await here.go(deployment.id)

        assert (row.outcome, here.forge.merges) == (Outcome.HELD, [])


async def test_an_account_that_changed_hands_does_not_approve(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.asked()
        await here.says("ada", "Approved", task.id)
        (question,) = questions(here, deployment)
        later = replace(here.crew.hearing, person=nobody)

        objection = await later.objection(question)

        assert objection == "'ada' is no longer an account of ada"
        assert questions(here, deployment)[0].closed == f"void: {objection}"


async def test_an_override_is_a_named_persons_stands_in_the_plan_and_is_another_plan(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        override = Override(gate=GateName.MONITORING, by="ada", reason="the fair begins at noon")
        plain, _, _ = await here.asked("plain")
        deployment, task, _ = await here.asked("urgent", overrides=(override,))

        plan = here.store.plans.of(deployment.id)
        assert plan.overrides == (override,)
        assert here.store.plans.of(plain.id).overrides == ()
        assert plan.hash != plan.model_copy(update={"overrides": ()}).hash
        (request,) = await here.said(task.id, "may `shop`")
        assert "monitoring: by ada: the fair begins at noon" in request


async def test_an_override_without_a_reason_is_never_shown_for_approval(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        nameless = Override(gate=GateName.MONITORING, by="ada", reason=" ")

        deployment, _, _ = await here.ready(overrides=(nameless,))
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.BLOCKED and "without a name or a reason" in row.reason


async def test_a_hold_counts_also_when_the_clock_stepped_back_before_it_was_asked_for(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.ready()
        here.clock.now -= 90
        row = await here.runner.drive(deployment.id)
        assert row.status is not Status.FINISHED

        await here.says("ada", f"Hold {here.question(deployment.id).id}", task.id)

        decision = here.store.questions.for_deployment(deployment.id)[0].decision
        assert decision is not None
        assert decision.kind is DecisionKind.HOLD
