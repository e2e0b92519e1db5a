"""What every tracker does: the twin, the built-in one, and those of others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest

from orchestrate.errors import Refused, UnknownComment, UnknownTask
from orchestrate.models.task import Comment, Label, NewTask, Priority, Queue, Task, TaskMetadata
from orchestrate.store import Store
from tests.conftest import BACKENDS
from tests.servers import bd
from tests.servers.bd.workspace import tracker as beads_tracker
from tests.servers.br import BrProgram
from tests.servers.br import tracker as br_tracker
from tests.servers.clickup import clickup
from tests.servers.clickup_tracker import tracker as clickup_tracker
from tests.servers.clickup_world import ClickUpWorld
from tools.systems.tracker import StoreTracker
from tools.tasks import SETTLED, MemoryTracker, TaskDesk, Tasks, Threads

READY = "Ready to Deploy"
QUEUES = {Queue.E2E_TEST: "To test"}
MARKERS = count(1)


class Tracker(Tasks, Threads, TaskDesk, Protocol):
    async def say(self, task: str, author: str, text: str) -> Comment: ...

    async def edit(self, comment: str, text: str) -> Comment: ...

    async def label(self, task: str, label: Label) -> None: ...

    async def tasks(self, *, only_open: bool = True) -> tuple[Task, ...]: ...


def kept(request: pytest.FixtureRequest) -> Iterator[Tracker]:
    if request.param == "memory":
        yield MemoryTracker("robot", queues=QUEUES)
        return
    with closing(Store.open(request.getfixturevalue(f"{request.param}_store_url"))) as store:
        yield StoreTracker(store.tasks, "robot", queues=QUEUES)


@pytest.fixture(params=["memory", *BACKENDS])
def own(request: pytest.FixtureRequest) -> Iterator[Tracker]:
    """A tracker of ours: it takes our word for who labels and who files."""
    yield from kept(request)


BEADS = pytest.param(
    "beads", marks=[pytest.mark.slow, pytest.mark.skipif(bd.found() is None, reason=bd.why_not())]
)


@pytest.fixture(params=["memory", *BACKENDS, "clickup", "br", BEADS])
def tracker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tracker]:
    if request.param == "br":
        yield br_tracker(BrProgram(), bot="robot", queues=QUEUES)
        return
    if request.param == "beads":
        yield beads_tracker(tmp_path / "work", bot="robot", queues=QUEUES)
        return
    yield from editable_one(request)


@pytest.fixture(params=["memory", *BACKENDS, "clickup"])
def editable(request: pytest.FixtureRequest) -> Iterator[Tracker]:
    """A tracker where people can edit what they said."""
    yield from editable_one(request)


def editable_one(request: pytest.FixtureRequest) -> Iterator[Tracker]:
    if request.param != "clickup":
        yield from kept(request)
        return
    with clickup() as server, closing(Store.open(request.getfixturevalue("sqlite_store_url"))) as store:
        yield clickup_tracker(server, store, bot="robot", queues=QUEUES)


@dataclass
class Clock:
    """Time that passes when a test says so."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", *BACKENDS, "clickup"])
def clocked(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Tracker]:
    """A tracker whose time is `clock`."""
    if request.param == "memory":
        yield MemoryTracker("robot", clock=clock)
        return
    if request.param == "clickup":
        url = request.getfixturevalue("sqlite_store_url")
        with clickup(ClickUpWorld(clock)) as server, closing(Store.open(url)) as store:
            yield clickup_tracker(server, store, bot="robot")
        return
    url = request.getfixturevalue(f"{request.param}_store_url")
    with closing(Store.open(url, clock=clock)) as store:
        yield StoreTracker(store.tasks, "robot")


def new(title: str = "Ship it", **changes: object) -> NewTask:
    task = NewTask(
        title=title,
        description="",
        queue=Queue.DEPLOY,
        status=READY,
        priority=Priority.P2,
        marker=f"marker-{next(MARKERS)}",
    )
    return task.model_copy(update=changes)


async def test_only_open_tasks_in_the_input_status_of_the_queue_are_ready(tracker: Tracker) -> None:
    wanted = await tracker.create(new())
    await tracker.create(new(status="Draft"))
    await tracker.create(new(queue=Queue.ANNOUNCE))
    closed = await tracker.create(new())
    await tracker.close(closed.id, "not needed", "Closed")

    assert await tracker.ready(Queue.DEPLOY) == (wanted,)


async def test_other_queues_take_open_tasks(tracker: Tracker) -> None:
    fix = await tracker.create(new(queue=Queue.EXECUTION, status="Open"))
    await tracker.create(new(queue=Queue.EXECUTION, status=READY))

    assert await tracker.ready(Queue.EXECUTION) == (fix,)


async def test_a_queue_takes_tasks_from_the_status_that_is_configured(tracker: Tracker) -> None:
    await tracker.create(new(queue=Queue.E2E_TEST, status="Open"))
    wanted = await tracker.create(new(queue=Queue.E2E_TEST, status="To test"))

    assert await tracker.ready(Queue.E2E_TEST) == (wanted,)


async def test_tests_that_are_asked_for_wait_in_their_queue_and_name_what_was_deployed(
    tracker: Tracker,
) -> None:
    deployed = await tracker.create(new())
    asked = new(queue=Queue.E2E_TEST, status="To test", discovered_from=deployed.id)

    filed = await tracker.create(asked)

    assert await tracker.create(asked) == filed
    (ready,) = await tracker.ready(Queue.E2E_TEST)
    assert (ready.id, ready.discovered_from) == (filed.id, deployed.id)
    assert filed not in await tracker.ready(Queue.DEPLOY)


async def test_the_threads_that_people_spoke_on_are_known(tracker: Tracker) -> None:
    quiet, ours, theirs = [(await tracker.create(new())).id for _ in range(3)]
    await tracker.comment(ours, "Picked up")
    await tracker.say(theirs, "ada", "Hold")

    first = await tracker.spoken("")
    await tracker.comment(quiet, "Reminder")
    again = await tracker.spoken(first.mark)

    assert set(first.tasks) == {theirs}
    assert set(again.tasks) == {theirs}


async def test_what_was_said_lately_is_told_again_and_then_no_more(clocked: Tracker, clock: Clock) -> None:
    task = await clocked.create(new())
    await clocked.say(task.id, "ada", "Hold")

    first = await clocked.spoken("")
    clock.now += SETTLED + 1
    late = await clocked.spoken(first.mark)
    none = await clocked.spoken(late.mark)

    assert (first.tasks, late.tasks, none.tasks) == ((task.id,), (task.id,), ())


async def test_urgent_tasks_come_first_and_then_old_ones(tracker: Tracker) -> None:
    older = await tracker.create(new("older"))
    newer = await tracker.create(new("newer"))
    urgent = await tracker.create(new("urgent", priority=Priority.P0))

    assert await tracker.ready(Queue.DEPLOY) == (urgent, older, newer)


async def test_a_task_waits_until_what_it_depends_on_succeeded(tracker: Tracker) -> None:
    first = await tracker.create(new())
    second = await tracker.create(new(depends_on=(first.id,)))

    assert await tracker.ready(Queue.DEPLOY) == (first,)
    await tracker.close(first.id, "Deployed to production", "Deployed")
    assert await tracker.ready(Queue.DEPLOY) == (second,)


@pytest.mark.parametrize(
    ("status", "reason"), [("Failed", "it broke"), ("Deployed", "Failed - created fix task T-9")]
)
async def test_a_failed_task_keeps_its_dependents_waiting(tracker: Tracker, status: str, reason: str) -> None:
    first = await tracker.create(new())
    second = await tracker.create(new(depends_on=(first.id,)))

    await tracker.close(first.id, reason, status)

    assert await tracker.ready(Queue.DEPLOY) == ()
    assert [one.id for one in await tracker.dependents(first.id)] == [second.id]


async def test_dependents_are_made_to_wait_for_the_fix_instead(tracker: Tracker) -> None:
    failed = await tracker.create(new())
    waiting = await tracker.create(new(depends_on=(failed.id,)))
    fix = await tracker.create(new(discovered_from=failed.id))

    await tracker.depend(waiting.id, fix.id, instead_of=failed.id)

    assert (await tracker.task(waiting.id)).depends_on == (fix.id,)
    assert await tracker.dependents(failed.id) == ()


async def test_depending_twice_changes_nothing(tracker: Tracker) -> None:
    first, second = await tracker.create(new()), await tracker.create(new())

    await tracker.depend(second.id, first.id)
    await tracker.depend(second.id, first.id)

    assert (await tracker.task(second.id)).depends_on == (first.id,)


async def test_tasks_cannot_wait_in_a_circle(tracker: Tracker) -> None:
    first = await tracker.create(new())
    second = await tracker.create(new(depends_on=(first.id,)))
    third = await tracker.create(new(depends_on=(second.id,)))

    for other in (first, second, third):
        with pytest.raises(Refused, match="cannot wait"):
            await tracker.depend(first.id, other.id)


async def test_closed_dependents_are_not_named(tracker: Tracker) -> None:
    first = await tracker.create(new())
    second = await tracker.create(new(depends_on=(first.id,)))
    await tracker.close(second.id, "not needed", "Closed")

    assert await tracker.dependents(first.id) == ()


async def test_a_task_read_back_says_what_the_task_said_that_was_filed(tracker: Tracker) -> None:
    other = await tracker.create(new())
    metadata = TaskMetadata(
        deployment_target="staging",
        stage="canary",
        quality_gates=("unit", "e2e"),
        version="v2",
        strategy="canary",
    )
    filed = new(
        description="Why:\n\nit is slow",
        change="7",
        metadata=metadata,
        workspace="work/7",
        depends_on=(other.id,),
        discovered_from=other.id,
    )

    task = await tracker.create(filed)

    assert await tracker.task(task.id) == task
    said = {*NewTask.model_fields} - {"marker", "created_by"}
    assert task.model_dump(include=said) == filed.model_dump(include=said)


async def test_our_own_tracker_keeps_who_labelled_and_who_filed(own: Tracker) -> None:
    tracker = own
    other = await tracker.create(new())
    filed = new(
        change="7",
        labels=(Label(name="qa", by="ada", sha="f" * 40),),
        metadata=TaskMetadata(deployment_target="staging", quality_gates=("unit",)),
        depends_on=(other.id,),
        discovered_from=other.id,
        workspace="work/7",
        created_by="ada",
    )

    task = await tracker.create(filed)

    assert await tracker.task(task.id) == task
    assert (
        NewTask.model_validate({**task.model_dump(include=set(NewTask.model_fields)), "marker": filed.marker})
        == filed
    )


async def test_ids_are_short_and_in_order(own: Tracker) -> None:
    assert [(await own.create(new())).id for _ in range(3)] == ["T-1", "T-2", "T-3"]


async def test_a_known_marker_gives_the_task_that_carries_it(tracker: Tracker) -> None:
    first = await tracker.create(new(marker="fix/1"))
    await tracker.close(first.id, "done", "Done")

    again = await tracker.create(new("another title", marker="fix/1"))

    assert again.id == first.id
    assert await tracker.find("fix/1") == await tracker.task(first.id)
    assert await tracker.find("fix/2") is None
    assert len(await tracker.tasks(only_open=False)) == 1


async def test_a_thread_tells_who_said_what_in_order(tracker: Tracker) -> None:
    task = await tracker.create(new())

    asked = await tracker.comment(task.id, "Approve?")
    theirs = await tracker.say(task.id, "ada", "Approved")

    said = await tracker.comments(task.id)
    assert [one.id for one in said] == [asked.id, theirs.id]
    assert [(one.author, one.text, one.edited) for one in said] == [
        ("robot", "Approve?", False),
        (theirs.author, "Approved", False),
    ]
    assert theirs.author != "robot"


async def test_an_edited_comment_stays_marked_as_edited(editable: Tracker) -> None:
    tracker = editable
    task = await tracker.create(new())
    said = await tracker.say(task.id, "ada", "Hold")
    assert [one.edited for one in await tracker.comments(task.id)] == [False]

    await tracker.edit(said.id, "Approved")

    assert [(one.id, one.text, one.edited) for one in await tracker.comments(task.id)] == [
        (said.id, "Approved", True)
    ]


async def test_moving_changes_the_status_and_the_queue_if_given(tracker: Tracker) -> None:
    task = await tracker.create(new())

    await tracker.move(task.id, "Deploying")
    assert (await tracker.task(task.id)).queue is Queue.DEPLOY
    await tracker.move(task.id, "Open", Queue.ANNOUNCE)

    moved = await tracker.task(task.id)
    assert (moved.status, moved.queue) == ("Open", Queue.ANNOUNCE)


async def test_moving_a_closed_task_opens_it_again(tracker: Tracker) -> None:
    task = await tracker.create(new())
    await tracker.close(task.id, "done", "Done")

    await tracker.move(task.id, READY)

    assert await tracker.ready(Queue.DEPLOY) == (task,)


async def test_closing_keeps_the_reason(tracker: Tracker) -> None:
    task = await tracker.create(new())

    await tracker.close(task.id, "Failed - created fix task T-2", "Failed")

    closed = await tracker.task(task.id)
    assert (closed.status, closed.closed_reason) == ("Failed", "Failed - created fix task T-2")
    assert await tracker.tasks() == ()


async def test_a_label_stands_once_per_person(own: Tracker) -> None:
    task = await own.create(new())

    for by in ("ada", "bob", "ada"):
        await own.label(task.id, Label(name="qa", by=by))

    assert {one.by for one in (await own.task(task.id)).labels} == {"ada", "bob"}
    assert len((await own.task(task.id)).labels) == 2


@pytest.mark.parametrize("id", ["T-1", "T-99999999999999999999", "T-0", "x", ""])
async def test_an_unknown_task_is_named_as_such(tracker: Tracker, id: str) -> None:
    asks = [
        tracker.task(id),
        tracker.comments(id),
        tracker.dependents(id),
        tracker.comment(id, "hello"),
        tracker.move(id, "Open"),
        tracker.close(id, "why", "Done"),
        tracker.label(id, Label(name="qa", by="ada")),
        tracker.create(new(depends_on=(id,))),
    ]

    for ask in asks:
        with pytest.raises(UnknownTask):
            await ask


async def test_an_unknown_comment_is_named_as_such(tracker: Tracker) -> None:
    with pytest.raises(UnknownComment):
        await tracker.edit("17", "other words")


async def test_text_that_a_database_cannot_keep_is_kept_readable(tracker: Tracker) -> None:
    task = await tracker.create(new())

    await tracker.say(task.id, "ada", "be\x00fore \ud800 after — ünïcödé")

    text = (await tracker.comments(task.id))[0].text
    assert text.startswith("be") and text.endswith("after — ünïcödé")
