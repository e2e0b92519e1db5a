"""Questions in plain words are answered from what can be read, without a model."""

from __future__ import annotations

import pytest

from tests.orchestrate.counter.conftest import Counter


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("what is live in production?", "`production`: `web` serves"),
        ("What version runs on prod?", "`production`: `web` serves"),
        ("which release is live?", "`staging`: `web` serves"),
        ("who may approve production?", "`production`: ada"),
        ("who can approve in staging?", "`staging` asks nobody"),
        ("what is under way?", "Nothing is under way"),
        ("what waits for approval?", "Nobody is asked anything"),
        ("what was deployed last?", "Nothing was deployed yet"),
        ("why did the last one fail?", "Nothing ended badly here"),
        ("is anything stuck?", "Nothing is under way"),
    ],
)
async def test_a_plain_question_is_answered(counter: Counter, text: str, answer: str) -> None:
    said = await counter.says(text)

    assert said.is_done and answer in said.text


async def test_one_environment_is_told_of_where_one_is_named(counter: Counter) -> None:
    said = await counter.says("what is live in production?")

    assert "staging" not in said.text


async def test_a_question_about_something_else_is_told_what_can_be_asked(counter: Counter) -> None:
    said = await counter.says("what is the weather?")

    assert not said.is_done and "what is live in production?" in said.text


async def test_what_nobody_knows_is_not_called_nothing(counter: Counter) -> None:
    slots = counter.world.provider.slots
    for key, slot in slots.items():
        slots[key] = slot.model_copy(update={"version": None})

    said = await counter.says("what is live in production?")

    assert "nobody knows which version `web` serves" in said.text


async def test_a_place_that_does_not_answer_is_said_so(counter: Counter) -> None:
    counter.world.provider.is_down = True

    said = await counter.says("what is live in production?")

    assert "`production` cannot be looked at" in said.text


async def test_what_waits_is_told_with_how_to_answer_it(counter: Counter) -> None:
    row, task, _ = await counter.world.asked()
    question = counter.world.question(row.id)

    said = await counter.says("what waits for approval?")
    status = await counter.says(f"status {task.id}")
    plan = await counter.says("plan")

    for reply in (said, status, plan):
        assert f"`/deploy approve {question.id}`" in reply.text
    assert question.plan_hash[:12] in plan.text
