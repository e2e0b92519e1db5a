"""The clerk: what is said is done once it is clear, by whom it may, and never in production by chance."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrate.models.deployment import DecisionKind, Deployment, Kind, Outcome, Status
from orchestrate.models.environment import Channel
from orchestrate.models.task import Task
from tests.orchestrate.counter.conftest import Counter


def rows(counter: Counter) -> tuple[Deployment, ...]:
    return counter.world.store.deployments.latest()


async def a_task(counter: Counter, branch: str = "faster") -> Task:
    return await counter.world.task(await counter.world.propose(branch, {f"{branch}.py": "new"}))


async def deployed(counter: Counter, environment: str, branch: str = "faster") -> tuple[Deployment, Task]:
    """A task of its own that was deployed there."""
    here = counter.world
    task = await a_task(counter, branch)
    row = here.accept(environment, task=task.id, change=task.change)
    row = await here.go(row.id)
    if row.status is not Status.FINISHED:
        await here.approve(row.id)
        row = await here.go(row.id)
    assert row.outcome is Outcome.DEPLOYED, row.reason
    return row, task


async def test_a_task_goes_to_the_first_environment_on_its_way(counter: Counter) -> None:
    task = await a_task(counter)

    said = await counter.says(f"/deploy {task.id}")

    (row,) = rows(counter)
    assert (row.environment, row.request.task, row.request.flow) == ("staging", task.id, ("production",))
    assert said.deployment == row.id and row.id in said.text
    assert "production" in said.text  # where it goes then is said at once


async def test_production_is_never_meant_by_a_task_alone(counter: Counter) -> None:
    _, task = await deployed(counter, "staging")
    before = len(rows(counter))
    await counter.world.tracker.move(task.id, "Ready to Deploy")

    said = await counter.says(f"/deploy {task.id}")
    assert (said.is_done, len(rows(counter))) == (False, before)
    assert f"/deploy production {task.id}" in said.text

    assert (await counter.says(f"/deploy production {task.id}")).is_done
    assert rows(counter)[0].environment == "production"


async def test_an_environment_alone_is_asked_what_shall_go_there(counter: Counter) -> None:
    said = await counter.says("/deploy production")

    assert rows(counter) == ()
    assert "nothing was named" in said.text and "/deploy production VERSION" in said.text


async def test_a_version_goes_where_it_was_said(counter: Counter) -> None:
    tip = await counter.world.forge.version("main")

    said = await counter.says("/deploy staging main")

    assert (rows(counter)[0].environment, rows(counter)[0].request.version) == ("staging", tip.commit)
    assert "approve" not in said.text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("/deploy T-99", "there is no task"),
        ("/deploy moon main", "there is no environment"),
        ("/deploy staging v99", "there is no version"),
        ("/deploy approve Q0000", "there is no question"),
        ("/deploy rollback T-99", "there is no deployment"),
        ("/deploy status T-99", "there is no deployment"),
        ("/deploy approve", "nothing is asked"),
        ("/deploy plan", "no plans are under way"),
        ("/deploy v1 to staging", "the environment comes first"),
        ("ship it", "there is no environment"),
    ],
)
async def test_what_cannot_be_done_is_said_and_not_done(counter: Counter, text: str, why: str) -> None:
    said = await counter.says(text)

    assert not said.is_done and why in said.text
    assert rows(counter) == ()


async def test_a_stranger_and_a_bot_may_look_and_nothing_else(counter: Counter) -> None:
    task = await a_task(counter)

    for text in (f"/deploy {task.id}", "/deploy rollback production"):
        said = await counter.says(text, who="U-EVE")
        assert not said.is_done and "nobody in \\`people\\` is U-EVE on slack" in said.text
    assert rows(counter) == ()
    assert (await counter.says("status", who="U-EVE")).is_done


async def test_an_allowed_person_approves_exactly_the_question_that_they_name(counter: Counter) -> None:
    row, _, _ = await counter.world.asked()
    question = counter.world.question(row.id)

    open_ones = await counter.says("/deploy approve")
    refused = await counter.says(f"/deploy approve {question.id}", who="rob")
    given = await counter.says(f"/deploy approve {question.id}")

    assert f"/deploy approve {question.id}" in open_ones.text
    assert "rob is not an approver" in refused.text
    assert given.is_done
    decision = counter.world.store.questions.question(question.id).decision
    assert decision is not None
    assert (decision.by, decision.channel, decision.account) == ("ada", Channel.SLACK, "ada")
    assert (await counter.world.go(row.id)).outcome is Outcome.DEPLOYED


async def test_anybody_known_may_hold_and_the_reason_is_kept(counter: Counter) -> None:
    row, _, _ = await counter.world.asked()

    await counter.says(f"/deploy hold {row.id} not before the sale", who="rob")

    (question,) = counter.world.store.questions.for_deployment(row.id)
    assert question.decision is not None
    assert (question.decision.kind, question.decision.text) == (DecisionKind.HOLD, "not before the sale")


async def test_a_deployed_task_is_taken_back_where_it_is_the_newest(counter: Counter) -> None:
    await deployed(counter, "production", "first")
    newest, task = await deployed(counter, "production", "second")

    said = await counter.says(f"/deploy rollback {task.id}")

    row = rows(counter)[0]
    assert said.is_done and row.request.kind is Kind.ROLLBACK
    assert (row.environment, row.request.rolls_back) == ("production", newest.id)
    assert (await counter.world.go(row.id)).outcome is Outcome.DEPLOYED


async def test_a_task_that_is_newest_in_two_places_is_taken_back_where_it_is_said(counter: Counter) -> None:
    await deployed(counter, "staging", "first")
    _, task = await deployed(counter, "staging", "second")
    row = counter.world.accept("production", task=task.id, change=task.change)
    await counter.world.go(row.id)
    await counter.world.approve(row.id)
    await counter.world.go(row.id)

    asked = await counter.says(f"/deploy rollback {task.id}")
    assert not asked.is_done and f"/deploy rollback {task.id} staging" in asked.text

    await counter.says(f"/deploy rollback {task.id} staging")
    assert (rows(counter)[0].environment, rows(counter)[0].request.kind) == ("staging", Kind.ROLLBACK)


async def test_what_is_not_the_newest_any_more_is_not_taken_back_with_what_came_after(
    counter: Counter,
) -> None:
    _, old = await deployed(counter, "staging", "first")
    await deployed(counter, "staging", "second")
    before = len(rows(counter))

    said = await counter.says(f"/deploy rollback {old.id}")

    assert not said.is_done and "not the newest in staging" in said.text
    assert len(rows(counter)) == before


async def test_a_release_that_is_watched_takes_itself_back(counter: Counter) -> None:
    here = counter.world
    row, task, _ = await here.approved()
    while not here.store.watches.of(row.id):
        await here.runner.drive(row.id)
        await here.wait(1)

    refused = await counter.says(f"/deploy rollback {task.id}", who="rob")
    said = await counter.says(f"/deploy rollback {task.id}")

    assert "neither the role" in refused.text and said.is_done
    assert (await here.go(row.id)).outcome is Outcome.ROLLED_BACK


async def test_a_rollback_before_anything_changed_is_a_hold(counter: Counter) -> None:
    row, task, _ = await counter.world.asked()

    said = await counter.says(f"/deploy rollback {task.id}")

    assert "nothing was changed yet" in said.text
    assert (await counter.world.go(row.id)).outcome is Outcome.HELD


async def test_a_rollback_that_a_stranger_to_approvals_asks_for_waits_for_an_approver(
    counter: Counter,
) -> None:
    await deployed(counter, "production", "first")
    _, task = await deployed(counter, "production", "second")

    said = await counter.says(f"/deploy rollback {task.id}", who="rob")

    assert said.is_done
    row = await counter.world.go(rows(counter)[0].id)
    assert row.status is Status.WAITING


HOSTILE = "`x` <!channel> @here [a](http://evil.test) **b** <script> | ~~x~~ \u202e www.evil.test"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=60), st.text(alphabet=HOSTILE, max_size=60)))
async def test_whatever_is_said_is_answered_and_nothing_of_it_works(counter: Counter, text: str) -> None:
    said = await counter.says(text)

    assert said.text
    for power in ("<!", "@here", "](http", "<script", "://evil"):
        assert power not in said.text


async def test_a_closed_task_is_not_deployed(counter: Counter) -> None:
    task = await a_task(counter)
    await counter.world.tracker.close(task.id, "not needed", "Closed")

    for text in (f"/deploy {task.id}", f"/deploy staging {task.id}"):
        assert "is closed: not needed" in (await counter.says(text)).text
    assert rows(counter) == ()
