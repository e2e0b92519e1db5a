"""Commands on a tracker's threads are done once, for whoever the tracker proves, and answered there."""

from __future__ import annotations

import pytest

from orchestrate.counter.threads import KIND, CalledOnThreads, Heard
from orchestrate.errors import OrchestrateError
from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import DecisionKind, Outcome
from orchestrate.models.task import Comment, Task
from tests.orchestrate.counter.conftest import Counter
from tools.tasks import BOT


@pytest.fixture
async def calls(counter: Counter) -> CalledOnThreads:
    """Ears that heard the silence before."""
    tracker = counter.world.tracker
    made = CalledOnThreads(clerk=counter.clerk, threads=tracker, desk=tracker)
    await made.read()
    return made


async def a_task(counter: Counter) -> Task:
    return await counter.world.task(await counter.world.propose("faster", {"f.py": "new"}))


async def replies(counter: Counter, task: str) -> list[str]:
    return [one.text for one in await counter.world.tracker.comments(task) if one.author == BOT]


async def says(counter: Counter, task: str, text: str, who: str = "ada") -> Comment:
    return await counter.world.tracker.say(task, who, text)


async def test_a_comment_is_done_once_and_answered_below(counter: Counter, calls: CalledOnThreads) -> None:
    task = await a_task(counter)
    await says(counter, task.id, f"/deploy staging {task.id}")

    (moved,) = await calls.read()
    await calls.read()

    assert [row.id for row in counter.world.store.deployments.latest()] == [moved]
    (reply,) = await replies(counter, task.id)
    assert moved in reply and "<!-- orchestrate:said/" in reply


async def test_two_workers_do_a_comment_once(counter: Counter, calls: CalledOnThreads) -> None:
    task = await a_task(counter)
    other = CalledOnThreads(clerk=counter.clerk, threads=calls.threads, desk=calls.desk)
    await says(counter, task.id, f"/deploy staging {task.id}")

    await calls.read()
    await other.read()

    assert len(counter.world.store.deployments.latest()) == 1
    assert len(await replies(counter, task.id)) == 1


async def test_what_was_broken_off_is_said_and_not_begun_again(
    counter: Counter, calls: CalledOnThreads
) -> None:
    task = await a_task(counter)
    said = await says(counter, task.id, f"/deploy staging {task.id}")
    key, left = f"{task.id}/{said.id}", Heard(by="a worker that died")
    counter.world.store.keepsakes.put(KIND, key, left.model_dump_json())

    await calls.read()

    assert counter.world.store.deployments.latest() == ()
    (reply,) = await replies(counter, task.id)
    assert "broken off" in reply


async def test_an_approval_by_command_falls_when_its_comment_is_edited(
    counter: Counter, calls: CalledOnThreads
) -> None:
    row, task, _ = await counter.world.asked()
    question = counter.world.question(row.id)
    said = await says(counter, task.id, f"/deploy approve {question.id}")
    await calls.read()
    assert counter.world.store.questions.question(question.id).decision is not None

    await counter.world.tracker.edit(said.id, "never mind")

    assert (await counter.world.go(row.id)).outcome is not Outcome.DEPLOYED


async def test_a_command_is_not_taken_for_a_misspelt_answer(counter: Counter, calls: CalledOnThreads) -> None:
    row, task, _ = await counter.world.asked()
    await says(counter, task.id, f"/deploy approve {counter.world.question(row.id).id}", who="rob")

    await counter.world.answers.read()
    await calls.read()

    (reply,) = [text for text in await replies(counter, task.id) if "approver" in text and "Not" in text]
    assert "rob is not an approver" in reply


async def test_an_edited_or_old_command_is_not_done(counter: Counter, calls: CalledOnThreads) -> None:
    task = await a_task(counter)
    edited = await says(counter, task.id, "never mind")
    await counter.world.tracker.edit(edited.id, f"/deploy staging {task.id}")
    await calls.read()
    await says(counter, task.id, f"/deploy staging {task.id}")
    counter.world.clock.now += 3601
    await says(counter, task.id, "hello")

    await calls.read()

    assert counter.world.store.deployments.latest() == ()
    edit, old = await replies(counter, task.id)
    assert "edited" in edit and "an hour ago" in old


async def test_who_is_not_proven_is_nobody(counter: Counter, calls: CalledOnThreads) -> None:
    task = await a_task(counter)
    said = await says(counter, task.id, f"/deploy staging {task.id}")
    unproven = said.model_copy(update={"proven": False})
    counter.world.tracker._comments[said.id] = unproven  # as a tracker says that proves nobody

    await calls.read()

    assert counter.world.store.deployments.latest() == ()
    assert len(await replies(counter, task.id)) == 1


async def test_what_stood_there_before_we_listened_is_not_done(counter: Counter) -> None:
    task = await a_task(counter)
    await says(counter, task.id, f"/deploy staging {task.id}")
    counter.world.clock.now += 60
    tracker = counter.world.tracker
    calls = CalledOnThreads(clerk=counter.clerk, threads=tracker, desk=tracker)

    await calls.read()
    await calls.read()

    assert counter.world.store.deployments.latest() == ()


async def test_while_effects_are_stopped_it_is_done_and_answered_later(
    counter: Counter, calls: CalledOnThreads
) -> None:
    row, task, _ = await counter.world.asked()
    store = counter.world.store
    store.switch.stop(by="ada", reason="moving", everything=False)
    await says(counter, task.id, f"/deploy hold {counter.world.question(row.id).id} wait")
    before = len(await replies(counter, task.id))

    await calls.read()
    assert store.questions.for_deployment(row.id)[0].decision is not None
    assert len(await replies(counter, task.id)) == before

    store.switch.allow(by="ada", reason="moved")
    await calls.read()
    assert len(await replies(counter, task.id)) == before + 1


async def test_a_thread_that_is_gone_keeps_no_other_from_being_heard(
    counter: Counter, calls: CalledOnThreads
) -> None:
    gone, task = await a_task(counter), await a_task(counter)
    await says(counter, gone.id, "/deploy status")
    await says(counter, task.id, "/deploy status")
    counter.world.tracker.forget(gone.id)

    with pytest.raises(OrchestrateError):
        await calls.read()

    assert len(await replies(counter, task.id)) == 1


async def test_every_answer_is_in_the_audit(counter: Counter, calls: CalledOnThreads) -> None:
    task = await a_task(counter)
    said = await says(counter, task.id, "/deploy status", who="rob")

    await calls.read()

    entries = counter.world.store.audit.tail()
    told = [(one.kind, one.by) for one in entries if one.facts.get("reply") == said.id]
    assert told == [(AuditKind.INTENT, "rob"), (AuditKind.DONE, "rob")]


async def test_where_nobody_is_proven_a_hold_is_believed_and_nothing_else(
    counter: Counter, calls: CalledOnThreads
) -> None:
    _, task, _ = await counter.world.asked()
    (question,) = counter.world.store.questions.unanswered()
    for text in (
        f"/deploy approve {question.id}",
        f"/deploy rollback {task.id}",
        f"/deploy hold {question.id}",
    ):
        said = await says(counter, task.id, text)
        counter.world.tracker._comments[said.id] = said.model_copy(update={"proven": False})

    await calls.read()

    decided = counter.world.store.questions.question(question.id)
    assert decided.decision is not None and decided.decision.kind is DecisionKind.HOLD
    assert not decided.approvals
    said = [one for one in await replies(counter, task.id) if "nobody proves here" in one]
    assert len(said) == 2 and f"orchestrate say rollback {task.id}" in said[1]
