"""Answers: threads are read for all questions, whatever one of them does."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from orchestrate.errors import AlreadyDecided, OrchestrateError
from orchestrate.models.deployment import DecisionKind, Deployment
from orchestrate.models.environment import Channel
from orchestrate.models.question import Question
from orchestrate.models.task import Task
from tests.stories.places import quick
from tests.stories.world import World, world


@pytest.fixture
async def here(tmp_path: Path) -> AsyncGenerator[World]:
    async with world(tmp_path, quick(tmp_path)) as made:
        yield made


def also_asked(here: World, like: Deployment, task: Task) -> Question:
    """A second question on the same thread, about the same plan."""
    plan = like.plan_hash or ""
    until = here.clock.now + 1000
    return here.store.questions.open(like.id, "go_on/1/0", plan, None, None, task.id, until, None)


async def test_with_two_questions_on_a_thread_the_answer_must_name_one(here: World) -> None:
    row, task, _ = await here.asked()
    first, second = here.question(row.id), also_asked(here, row, task)

    await here.says("ada", "Approved", task.id)
    assert len(here.store.questions.unanswered()) == 2
    assert len(await here.said(task.id, "name one")) == 1

    await here.says("ada", f"Approved {second.id}", task.id)
    assert [one.id for one in here.store.questions.unanswered()] == [first.id]


async def test_a_thread_that_is_gone_keeps_no_other_from_being_read(here: World) -> None:
    _, gone, _ = await here.asked("first")
    row, task, _ = await here.asked("second")
    await here.tracker.say(gone.id, "ada", "Approved")
    here.tracker.forget(gone.id)
    await here.tracker.say(task.id, "ada", "Approved")

    with pytest.raises(OrchestrateError, match=gone.id):
        await here.answers.read()

    (question,) = here.store.questions.for_deployment(row.id)
    assert question.decision is not None


async def test_a_flood_of_comments_is_not_answered_one_by_one(here: World) -> None:
    _, task, _ = await here.asked()
    for _ in range(20):
        await here.tracker.say(task.id, "eve", "Approved")

    await here.answers.read()

    assert len(await here.said(task.id, "Not counted")) == 5


async def test_a_reply_waits_until_nobody_drives_the_deployment(here: World) -> None:
    row, task, _ = await here.asked()
    lease = here.store.leases.take(row.id, "another", 60)
    assert lease is not None

    await here.says("eve", "Approved", task.id)
    assert await here.said(task.id, "Not counted") == []

    here.store.leases.release(lease)
    await here.answers.read()
    assert len(await here.said(task.id, "Not counted")) == 1


async def test_reading_tells_which_deployments_have_an_answer(here: World) -> None:
    row, task, _ = await here.asked()
    await here.tracker.say(task.id, "ada", "Hold")

    assert await here.answers.read() == (row.id,)
    assert await here.answers.read() == ()


async def test_an_answer_remembers_who_said_what_where(here: World) -> None:
    row, task, _ = await here.asked()

    await here.says("ada", "Approved.", task.id)

    (question,) = here.store.questions.for_deployment(row.id)
    assert question.decision is not None
    assert question.decision.by == "ada"
    assert question.decision.channel == Channel.TRACKER
    assert question.decision.text == "Approved."
    assert question.decision.plan_hash == row.plan_hash


async def test_another_answer_to_a_held_question_is_too_late(here: World) -> None:
    row, _, _ = await here.asked()
    question = here.question(row.id)
    await here.approve(row.id, DecisionKind.HOLD)

    with pytest.raises(AlreadyDecided):
        await here.answers.decide(question.id, DecisionKind.APPROVED, Channel.CLI, "ada", "Approved")
