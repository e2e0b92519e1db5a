"""ClickUp's tasks: fields, descriptions, tags, ten thousand of them, and what was filed half-way."""

from __future__ import annotations

import time

import pytest

from orchestrate.errors import AccessDenied, UnknownTask, Unreachable
from orchestrate.models.task import Label, Priority, Queue, TaskMetadata
from orchestrate.store import Store
from tests.bounds import within
from tests.servers.clickup import ClickUp, Trouble
from tests.servers.clickup_tracker import PeopledClickUp
from tests.servers.clickup_tracker import tracker as tracker_on
from tests.servers.clickup_world import LIST, OTHER_LIST, Json
from tests.tools.systems.clickup.filing import new

OPTIONS = {"options": [{"id": "o1", "name": "staging", "orderindex": 0}, {"id": "o2", "label": "e2e"}]}
FIELDS: list[Json] = [
    {"id": "f1", "name": "Deployment target", "type": "drop_down", "type_config": OPTIONS},
    {"id": "f2", "name": "quality_gates", "type": "labels", "type_config": OPTIONS},
    {"id": "f3", "name": "PR", "type": "url", "type_config": {}},
    {"id": "f4", "name": "Version", "type": "short_text", "type_config": {}},
    {"id": "f5", "name": "Effort", "type": "number", "type_config": {}},
]


async def test_custom_fields_say_more_than_the_description(server: ClickUp, tracker: PeopledClickUp) -> None:
    server.world.lists[LIST].fields = [
        {**one, "date_created": "1", "hide_from_guests": False, "required": False} for one in FIELDS
    ]
    values = {"f1": 0, "f2": ["o2"], "f3": "https://github.com/a/b/pull/128", "f4": "v7", "f5": 3}
    words = "version: v1\nstrategy: canary\n"
    item = server.world.add(2, LIST, "Ship", status="ready to deploy", fields=values, markdown=words)

    task = await tracker.task(item.id)

    assert task.change == "128"
    assert task.metadata == TaskMetadata(
        deployment_target="staging", quality_gates=("e2e",), version="v7", strategy="canary"
    )


async def test_a_description_by_hand_is_read_and_what_it_quotes_is_not(
    server: ClickUp, tracker: PeopledClickUp
) -> None:
    words = """Please ship https://github.com/a/b/pull/7 today.

- **deployment_target**: staging

```
strategy: recreate
version: v666
```
"""
    item = server.world.add(2, LIST, "Ship", markdown=words)

    task = await tracker.task(item.id)

    assert (task.change, task.created_by) == ("7", "2")
    assert task.metadata == TaskMetadata(deployment_target="staging")
    assert task.description.startswith("Please ship") and "v666" in task.description


async def test_a_tag_is_a_label_of_nobody(server: ClickUp, tracker: PeopledClickUp) -> None:
    item = server.world.add(2, LIST, "Ship", tags=["qa approved", "execution"])

    task = await tracker.task(item.id)

    assert task.labels == (Label(name="qa approved", by=""),)
    assert task.queue is Queue.EXECUTION


async def test_a_queue_may_have_a_list_of_its_own(server: ClickUp, store: Store) -> None:
    tracker = tracker_on(server, store, lists={Queue.ANNOUNCE: OTHER_LIST})
    told = await tracker.create(new(queue=Queue.ANNOUNCE, status="Open"))
    moved = await tracker.create(new())

    await tracker.move(moved.id, "Open", Queue.ANNOUNCE)

    assert server.world.items[told.id].shelf == OTHER_LIST
    assert {one.id for one in await tracker.ready(Queue.ANNOUNCE)} == {told.id, moved.id}
    await tracker.move(told.id, "Ready to Deploy", Queue.DEPLOY)
    assert (await tracker.task(told.id)).queue is Queue.DEPLOY


async def test_among_ten_thousand_tasks_only_those_in_the_input_status_are_fetched(
    server: ClickUp, tracker: PeopledClickUp
) -> None:
    for number in range(10_000):
        status = "ready to deploy" if number % 40 == 0 else "draft"
        server.world.add(2, LIST, f"Task {number}", status=status)

    with within(seconds=10, mib=16):
        found = await tracker.ready(Queue.DEPLOY)

    assert len(found) == 250
    assert server.count("GET", "/task$") == 3


async def test_among_ten_thousand_tasks_a_look_reads_only_the_threads_that_were_touched(
    server: ClickUp, store: Store
) -> None:
    server.world.clock = lambda: time.time() - 3600
    tasks = [server.world.add(2, LIST, f"Task {number}").id for number in range(10_000)]
    server.world.clock = time.time
    tracker = tracker_on(server, store, awaited=lambda: tasks[:1])
    mark = (await tracker.spoken("")).mark
    for task in (tasks[0], tasks[-1]):
        server.world.say(2, task, "Approved")
    server.asked.clear()

    with within(seconds=10, mib=16):
        told = (await tracker.spoken(mark)).tasks

    assert {*told} == {tasks[0], tasks[-1]}
    assert len(server.asked) == 3  # what was touched, and the two threads


async def test_what_a_crash_left_behind_is_found_by_its_marker(
    server: ClickUp, tracker: PeopledClickUp, store: Store
) -> None:
    await tracker.create(new(marker="fix/older"))
    server.troubles.append(Trouble("POST", "/task$", is_after=True))
    with pytest.raises(Unreachable):
        await tracker.create(new(marker="fix/lost"))

    after = tracker_on(server, store)
    again = await after.create(new("another title", marker="fix/lost"))

    assert (again.title, len(server.world.items)) == ("Ship it", 2)
    assert await after.find("fix/other") is None


async def test_a_filed_task_that_somebody_deleted_is_filed_again(
    server: ClickUp, tracker: PeopledClickUp
) -> None:
    first = await tracker.create(new(marker="fix/1"))
    del server.world.items[first.id]

    assert (await tracker.create(new(marker="fix/1"))).id != first.id


async def test_a_fix_is_linked_to_what_it_was_found_in(server: ClickUp, tracker: PeopledClickUp) -> None:
    failed = await tracker.create(new())

    fix = await tracker.create(new(queue=Queue.EXECUTION, status="Open", priority=Priority.P0,
                                   discovered_from=failed.id))  # fmt: skip

    assert server.world.items[fix.id].linked == [failed.id]
    assert server.world.items[fix.id].priority == 1
    assert server.world.items[fix.id].tags == ["orchestrate", "execution"]


async def test_the_reason_of_a_close_is_said_once_on_the_thread(
    server: ClickUp, tracker: PeopledClickUp
) -> None:
    task = (await tracker.create(new())).id
    server.troubles.append(Trouble("PUT", "/task/", status=502))

    with pytest.raises(Unreachable):
        await tracker.close(task, "Failed - created fix task 86c1", "Failed")
    assert not (await tracker.task(task)).is_closed
    await tracker.close(task, "Failed - created fix task 86c1", "Failed")

    said = [one.text for one in await tracker.comments(task)]
    assert len(said) == 1 and said[0].startswith("Closed: Failed - created fix task 86c1")
    assert (await tracker.task(task)).closed_reason == "Failed - created fix task 86c1"


async def test_what_a_person_closed_is_closed(server: ClickUp, tracker: PeopledClickUp) -> None:
    task = await tracker.create(new())
    server.world.change(server.world.items[task.id], 2, "closed")

    assert (await tracker.task(task.id)).closed_reason == "closed as closed"


@pytest.mark.parametrize(
    "name",
    [
        "{id}", "#{id}", "https://app.clickup.com/t/{id}", "https://app.clickup.com/t/{id}?block=1",
        "SHOP-7", "shop-7", "https://app.clickup.com/t/9012/SHOP-7",
    ],
)  # fmt: skip
async def test_a_task_is_known_by_each_of_its_names(
    server: ClickUp, tracker: PeopledClickUp, name: str
) -> None:
    item = server.world.add(2, LIST, "Ship", custom_id="SHOP-7")

    assert (await tracker.task(name.format(id=item.id))).id == item.id


@pytest.mark.parametrize(
    "name",
    ["SHOP-8", "https://elsewhere.test/t/{id}", "https://app.clickup.com.evil.test/t/{id}", "a/../{id}", ""],
)
async def test_another_name_is_of_no_task(server: ClickUp, tracker: PeopledClickUp, name: str) -> None:
    item = server.world.add(2, LIST, "Ship", custom_id="SHOP-7")

    with pytest.raises(UnknownTask):
        await tracker.task(name.format(id=item.id))


async def test_a_workspace_that_is_not_ours_is_said_so(tracker: PeopledClickUp) -> None:
    with pytest.raises(AccessDenied, match="may not see"):
        await tracker.task("https://app.clickup.com/t/77/SHOP-7")


async def test_a_pull_request_of_another_repository_is_none_of_ours(server: ClickUp, store: Store) -> None:
    tracker = tracker_on(server, store, repository="https://github.com/acme/shop")
    other = "https://github.com/acme/other/pull/5"
    foreign = server.world.add(2, LIST, "Ship", markdown=f"Ship {other}")
    both = server.world.add(2, LIST, "Ship", markdown=f"After {other}: https://github.com/acme/shop/pull/7")

    assert [(await tracker.task(one.id)).change for one in (foreign, both)] == [other, "7"]
