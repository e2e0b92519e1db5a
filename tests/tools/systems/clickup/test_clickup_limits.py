"""ClickUp's limits and moods: requests in a minute, cheap listening, refusals in words."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import pytest

from orchestrate.errors import AccessDenied, OutsideFailed, RateLimited, UnknownTask, Unreachable
from orchestrate.models.task import Queue
from orchestrate.store import Store
from tests.servers.clickup import ClickUp, Limit, Trouble, clickup
from tests.servers.clickup_tracker import PeopledClickUp
from tests.servers.clickup_tracker import tracker as tracker_on
from tests.servers.clickup_world import LIST
from tests.tools.systems.clickup.filing import new
from tools.systems.clickup_client import Client


async def test_a_full_minute_is_waited_out_and_nobody_is_turned_away(store: Store) -> None:
    with clickup(limit=Limit(most=10, seconds=1.0)) as server:
        tracker, started = tracker_on(server, store), time.monotonic()
        item = server.world.add(2, LIST, "Ship")
        for _ in range(24):
            await tracker.task(item.id)

        assert server.count("GET", "/task/") == 24
        assert server.turned_away == 0
        assert time.monotonic() - started >= 1.5


async def test_what_others_took_of_the_minute_is_waited_for_too(store: Store) -> None:
    with clickup(limit=Limit(most=3, seconds=1.0)) as server:
        item = server.world.add(2, LIST, "Ship")
        for _ in range(4):
            server.limit.take("pk_1_robot")

        assert (await tracker_on(server, store).task(item.id)).title == "Ship"


async def test_a_long_pause_is_no_pause_but_an_answer(store: Store) -> None:
    with clickup(limit=Limit(most=1, seconds=50.0)) as server:
        tracker = tracker_on(server, store)
        tracker.client = tracker.reading.client = Client(lambda: "pk_1_robot", server.url, longest_pause=1.0)
        await tracker.reading.me()

        with pytest.raises(RateLimited) as refused:
            await tracker.task("86c00001")

        assert 40 < (refused.value.retry_after or 0) <= 52
        assert server.turned_away == 0


async def test_fifty_awaited_threads_take_a_fifth_of_the_limit_at_most(server: ClickUp, store: Store) -> None:
    now = [1_800_000_000.0]
    server.world.clock = lambda: now[0]
    items = [server.world.add(2, LIST, f"Task {number}", status="deploying") for number in range(50)]
    tracker = tracker_on(server, store, awaited=lambda: [one.id for one in items])
    for item in items:
        server.world.say(1, item.id, "Approve?")
    server.asked.clear()

    now[0] += 60
    heard = await tracker.spoken("")
    mark = heard.mark
    for _ in range(10):  # one look each 30 s
        now[0] += 30
        mark = (await tracker.spoken(mark)).mark
    await tracker.ready(Queue.DEPLOY)

    assert heard.tasks == ()
    assert len(server.asked) <= 100  # of the 500 that five minutes allow


async def test_where_nobody_is_asked_anything_one_look_is_one_request(server: ClickUp, store: Store) -> None:
    tracker = tracker_on(server, store, awaited=lambda: ())
    first = await tracker.spoken("")
    server.asked.clear()

    for _ in range(3):
        assert (await tracker.spoken(first.mark)).tasks == ()

    assert len(server.asked) == 3


async def test_between_two_looks_nobody_is_asked(server: ClickUp, store: Store) -> None:
    tracker = tracker_on(server, store, look_seconds=3600)
    first = await tracker.spoken("")
    server.asked.clear()

    assert (await tracker.spoken(first.mark)).tasks == ()
    assert server.asked == []


async def test_all_who_listen_hear_what_was_said(server: ClickUp, store: Store) -> None:
    item = server.world.add(2, LIST, "Ship")
    tracker = tracker_on(server, store, awaited=lambda: ())
    one, other = (await tracker.spoken("")).mark, (await tracker.spoken("")).mark
    await tracker.say(item.id, "ada", "/deploy status")
    tracker.listening.look_seconds = 0.0

    first = await tracker.spoken(one)
    tracker.listening.look_seconds = 3600.0

    assert first.tasks == (await tracker.spoken(other)).tasks == (item.id,)


async def test_what_was_said_while_nobody_listened_is_heard_by_whoever_kept_the_mark(
    server: ClickUp, store: Store
) -> None:
    items = [server.world.add(2, LIST, f"Task {number}") for number in range(25)]
    mark = (await tracker_on(server, store, awaited=lambda: ()).spoken("")).mark
    for item in items:
        server.world.say(2, item.id, "/deploy status")

    after = tracker_on(server, store, awaited=lambda: ())
    await after.spoken("")
    heard = [await after.spoken(mark) for _ in range(3)]

    assert {task for one in heard for task in one.tasks} == {one.id for one in items}
    assert len(heard[0].tasks) < len(items)  # a few in each look


async def test_a_reply_that_does_not_touch_its_task_is_heard_in_the_next_sweep(
    server: ClickUp, store: Store
) -> None:
    item = server.world.add(2, LIST, "Ship")
    tracker = tracker_on(server, store, awaited=lambda: [item.id])
    tracker.listening.sweep_seconds = 0.0
    asked = await tracker.comment(item.id, "Approve?")
    first = await tracker.spoken("")

    await tracker.say(item.id, "ada", "Approved", to=asked.id)

    assert first.tasks == ()
    assert (await tracker.spoken(first.mark)).tasks == (item.id,)


async def test_a_webhook_wakes_before_the_next_look(server: ClickUp, store: Store) -> None:
    item = server.world.add(2, LIST, "Ship")
    tracker = tracker_on(server, store, awaited=lambda: [item.id], look_seconds=3600)
    tracker.listening.woken_seconds = 0.0
    mark = (await tracker.spoken("")).mark
    await tracker.say(item.id, "ada", "Approved")
    asleep = await tracker.spoken(mark)

    tracker.listening.wake(item.id)

    assert asleep.tasks == ()
    assert (await tracker.spoken(mark)).tasks == (item.id,)


async def test_a_thread_that_is_hidden_from_us_keeps_no_other_from_being_heard(
    server: ClickUp, store: Store
) -> None:
    hidden, item = server.world.add(2, LIST, "Hidden"), server.world.add(2, LIST, "Ship")
    tracker = tracker_on(server, store, awaited=lambda: [hidden.id, item.id])
    refusal = '{"err": "Team not authorized", "ECODE": "OAUTH_027"}'
    server.troubles.append(Trouble("GET", f"{hidden.id}/comment", status=401, body=refusal))
    await tracker.say(item.id, "ada", "Approved")

    assert (await tracker.spoken("")).tasks == (item.id,)


async def test_a_renamed_status_is_named_with_those_that_there_are(
    server: ClickUp, tracker: PeopledClickUp
) -> None:
    task = await tracker.create(new())
    server.world.rename(LIST, "deployed", "live")

    with pytest.raises(OutsideFailed, match=r"no status 'deployed' \(it has: open, .*live") as refused:
        await tracker.move(task.id, "Deployed")

    assert "tracker: statuses: {Deployed:" in refused.value.cure


async def test_a_status_that_came_lately_is_found_at_once(server: ClickUp, tracker: PeopledClickUp) -> None:
    task = await tracker.create(new())
    server.world.lists[LIST].statuses.append(("verifying", "custom"))

    await tracker.move(task.id, "Verifying")

    assert server.world.items[task.id].status == "verifying"


@pytest.mark.parametrize(
    ("token", "said"), [("pk_wrong", "does not accept the token"), ("", "Authorization header required")]
)
async def test_a_wrong_token_is_named_as_such(server: ClickUp, store: Store, token: str, said: str) -> None:
    with pytest.raises(AccessDenied, match=said) as refused:
        await tracker_on(server, store, token=token).ready(Queue.DEPLOY)

    assert "token" in refused.value.cure


async def test_a_list_that_vanished_is_named_as_such(server: ClickUp, tracker: PeopledClickUp) -> None:
    del server.world.lists[LIST]

    with pytest.raises(AccessDenied, match="list 901.*it is not there, or the token's user") as refused:
        await tracker.ready(Queue.DEPLOY)

    assert "name another list" in refused.value.cure


async def test_who_may_only_read_is_told_so(server: ClickUp, tracker: PeopledClickUp) -> None:
    task = await tracker.create(new())
    server.world.lists[LIST].permission = "read"

    with pytest.raises(AccessDenied, match="You do not have permission"):
        await tracker.move(task.id, "Deploying")


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble("GET", "/task/"),
        Trouble("GET", "/task/", status=503, body="<html>busy</html>"),
        Trouble("GET", "/task/", status=200, body="<html>a proxy's page</html>"),
        Trouble("GET", "/task/", status=200, body='{"id": "x"}'),
        Trouble("GET", "/task/", status=200, body="[]"),
    ],
    ids=["cut", "busy", "page", "other form", "list"],
)
async def test_an_answer_that_is_none_is_asked_for_again_later(
    server: ClickUp, tracker: PeopledClickUp, trouble: Trouble
) -> None:
    server.troubles.append(trouble)

    with pytest.raises(Unreachable):
        await tracker.task("86c00001")


@pytest.mark.parametrize("id", ["../user", "a/b", "x?y=1", "86c 1", "é"])
async def test_no_id_leads_to_another_address(server: ClickUp, tracker: PeopledClickUp, id: str) -> None:
    asks: list[Callable[[], Awaitable[object]]] = [
        lambda: tracker.task(id),
        lambda: tracker.comments(id),
        lambda: tracker.comment(id, "x"),
    ]

    for ask in asks:
        with pytest.raises(UnknownTask):
            await ask()
    assert all(path == "/v2/user" for _, path in server.asked)
