"""The desk: each note is found again in the tracker, so that none is made twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrate.models.deployment import Request, Stage
from orchestrate.models.task import NewTask, Priority, Queue, Task
from orchestrate.store import Store
from tests.stories.twins import Clock, Tracker
from tools.desk import (
    Blocked,
    Closed,
    Moved,
    Said,
    closing,
    commenting,
    depending,
    filing,
    marker_of,
    moving_task,
)
from tools.executor import EffectClass, Errand, Executor
from tools.voice import Voice


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(Clock())


@pytest.fixture
def at(store: Store) -> Errand:
    row = store.deployments.accept(Request(environment="production", requested_by="rob"), "shop", 1)
    lease = store.leases.take(row.id, "test", 60)
    assert lease is not None
    return Errand(deployment=row.id, stage=Stage.CLOSE, lease=lease)


def new(marker: str = "", **words: object) -> NewTask:
    plain = NewTask(
        title="Ship",
        description="",
        queue=Queue.DEPLOY,
        status="Ready to Deploy",
        priority=Priority.P2,
        marker=marker,
    )
    return plain.model_copy(update=words)


async def test_a_comment_carries_a_hidden_line_and_is_found_by_it(tracker: Tracker) -> None:
    task = await tracker.create(new())
    tool, said = commenting(tracker, tracker, "D1"), Said(task=task.id, key="picked up", text="Hello")
    assert tool.observe is not None and await tool.observe(said) is None

    noted = await tool.act(said)

    assert await tool.observe(said) == noted
    (comment,) = await tracker.comments(task.id)
    assert comment.text.startswith("Hello\n\n<!-- ")


@pytest.mark.parametrize("key", ["a --> b", "<!-- x", "line\nbreak", "“quoted” ü"])
def test_no_occasion_ends_the_hidden_line(key: str) -> None:
    marker = marker_of("D1", key)

    assert marker.count("-->") == 1
    assert "\n" not in marker
    assert marker.isascii()


def test_other_occasions_and_deployments_have_other_lines() -> None:
    lines = {marker_of(deployment, key) for deployment in ("D1", "D2") for key in ("a", "b")}

    assert len(lines) == 4


async def test_a_task_is_filed_once(tracker: Tracker) -> None:
    tool = filing(tracker, tracker)

    first = await tool.act(new("fix/1"))

    assert tool.observe is not None and await tool.observe(new("fix/1")) is not None
    assert (await tool.act(new("fix/1"))) == first


@pytest.mark.parametrize(
    ("status", "queue", "is_there"),
    [
        ("Ready to Deploy", None, True),
        ("Ready to Deploy", Queue.DEPLOY, True),
        ("Ready to Deploy", Queue.EXECUTION, False),
        ("Deploying", None, False),
    ],
)
async def test_a_task_is_moved_only_if_it_is_not_there(
    tracker: Tracker, status: str, queue: Queue | None, is_there: bool
) -> None:
    task = await tracker.create(new())
    tool, moved = moving_task(tracker, tracker), Moved(task=task.id, status=status, queue=queue)

    assert tool.observe is not None and (await tool.observe(moved) is not None) is is_there
    await tool.act(moved)
    assert await tool.observe(moved) == moved


async def test_a_closed_task_is_not_closed_again(tracker: Tracker) -> None:
    task = await tracker.create(new())
    tool, closed = closing(tracker, tracker), Closed(task=task.id, status="Deployed", reason="done")
    assert tool.observe is not None and await tool.observe(closed) is None

    await tool.act(closed)

    assert await tool.observe(closed) == closed


async def test_a_dependency_is_handed_over_once(tracker: Tracker) -> None:
    failed, fix = await tracker.create(new()), await tracker.create(new())
    waiting = await tracker.create(new(depends_on=(failed.id,)))
    tool = depending(tracker, tracker)
    over = Blocked(task=waiting.id, on=fix.id, instead_of=failed.id)
    assert tool.observe is not None and await tool.observe(over) is None

    await tool.act(over)

    assert await tool.observe(over) == over
    assert (await tracker.task(waiting.id)).depends_on == (fix.id,)


def voice(store: Store, tracker: Tracker) -> Voice:
    return Voice(Executor(store, dict.fromkeys(EffectClass, ())), tracker, tracker)


async def announcements(tracker: Tracker) -> list[Task]:
    return [one for one in await tracker.tasks() if one.queue is Queue.ANNOUNCE]


async def test_everything_that_is_said_is_said_once(store: Store, tracker: Tracker, at: Errand) -> None:
    task = await tracker.create(new())
    ours = voice(store, tracker)

    for _ in range(3):
        await ours.say(at, task.id, "picked up", "Hello")
        await ours.announce(at, "start", "Deploying", "text")
        await ours.close(at, task.id, "Deployed", "done")

    assert len(await tracker.comments(task.id)) == 1
    assert len(await announcements(tracker)) == 1
    assert tracker.written.count(f"close {task.id}") == 1


async def test_an_urgent_announcement_is_p0(store: Store, tracker: Tracker, at: Errand) -> None:
    await voice(store, tracker).announce(at, "result", "ROLLBACK FAILED", "text", urgent=True)

    (told,) = await announcements(tracker)
    assert told.priority is Priority.P0


async def test_each_queue_gets_its_tasks_in_the_status_that_it_takes_them_from(
    store: Store, tracker: Tracker, at: Errand
) -> None:
    queues = {Queue.E2E_TEST: "To test", Queue.ANNOUNCE: "To tell"}
    ours = replace(voice(store, tracker), queues=queues)
    task = await tracker.create(new())

    filed = await ours.file(at, new(queue=Queue.E2E_TEST, status="Open", marker="e2e"))
    fix = await ours.file(at, new(queue=Queue.EXECUTION, status="Open", marker="fix"))
    await ours.announce(at, "start", "Deploying", "text")
    await ours.move(at, task.id, "Open", Queue.E2E_TEST)
    await ours.move(at, fix.id, "Failed")

    assert (filed.status, fix.status) == ("To test", "Open")
    assert [one.status for one in await announcements(tracker)] == ["To tell"]
    assert (await tracker.task(task.id)).status == "To test"
    assert (await tracker.task(fix.id)).status == "Failed"


async def test_without_a_task_there_is_no_thread(store: Store, tracker: Tracker, at: Errand) -> None:
    ours = voice(store, tracker)

    await ours.say(at, None, "picked up", "Hello")
    await ours.move(at, None, "Deploying")
    await ours.close(at, None, "Deployed", "done")
    await ours.hand_over(at, None, "T-1")

    assert tracker.written == []


async def test_what_waits_is_handed_over_but_for_the_fix_itself(
    store: Store, tracker: Tracker, at: Errand
) -> None:
    failed = await tracker.create(new())
    fix = await tracker.create(new(depends_on=(failed.id,)))
    waiting = await tracker.create(new(depends_on=(failed.id,)))

    await voice(store, tracker).hand_over(at, failed.id, fix.id)

    assert (await tracker.task(waiting.id)).depends_on == (fix.id,)
    assert (await tracker.task(fix.id)).depends_on == (failed.id,)
