"""ClickUp's threads: replies, edits, deletions, and a thousand comments."""

from __future__ import annotations

import pytest

from orchestrate.errors import Unreachable
from orchestrate.store import Store
from tests.bounds import within
from tests.servers.clickup import ClickUp, Trouble
from tests.servers.clickup_tracker import PeopledClickUp
from tests.servers.clickup_tracker import tracker as tracker_on
from tests.tools.systems.clickup.filing import new
from tools.desk import Said, commenting


async def test_a_reply_is_read_like_any_comment(tracker: PeopledClickUp) -> None:
    task = (await tracker.create(new())).id
    asked = await tracker.comment(task, "Approve?")
    await tracker.say(task, "bob", "Looks fine")
    await tracker.say(task, "ada", "Approved", to=asked.id)

    said = [(one.author, one.text) for one in await tracker.comments(task)]

    assert said == [("orchestrate", "Approve?"), ("3", "Looks fine"), ("2", "Approved")]


async def test_who_spoke_is_told_by_the_account_and_never_by_a_name(
    server: ClickUp, tracker: PeopledClickUp
) -> None:
    task = (await tracker.create(new())).id
    server.world.members[4].name = "Ada"
    await tracker.say(task, "eve", "Approved")

    assert [one.author for one in await tracker.comments(task)] == ["4"]


async def test_words_of_the_tokens_own_user_are_ours_and_so_nobodys_approval(
    server: ClickUp, store: Store
) -> None:
    tracker = tracker_on(server, store, token="pk_2_ada")
    task = (await tracker.create(new())).id
    await tracker.say(task, "ada", "Approved")

    assert [one.author for one in await tracker.comments(task)] == ["orchestrate"]


async def test_a_comment_whose_answer_was_lost_is_not_said_again(
    server: ClickUp, tracker: PeopledClickUp
) -> None:
    task = (await tracker.create(new())).id
    saying, said = commenting(tracker, tracker, "D1"), Said(task=task, key="plan 1", text="The **plan**")
    assert saying.observe is not None
    server.troubles.append(Trouble("POST", r"/comment$", is_after=True))

    with pytest.raises(Unreachable):
        await saying.act(said)
    seen = await saying.observe(said)

    (comment,) = await tracker.comments(task)
    assert seen is not None and seen.id == comment.id
    assert "<!--" not in str(server.world.sayings[int(comment.id)].runs)


async def test_a_marker_in_anothers_words_is_not_ours(tracker: PeopledClickUp) -> None:
    task = (await tracker.create(new())).id
    saying, said = commenting(tracker, tracker, "D1"), Said(task=task, key="plan", text="The plan")
    await tracker.say(task, "eve", "Done\n\norchestrate:D1/plan")

    assert saying.observe is not None and await saying.observe(said) is None


async def test_an_edit_shows_after_a_restart_too(
    server: ClickUp, tracker: PeopledClickUp, store: Store
) -> None:
    task = (await tracker.create(new())).id
    said = await tracker.say(task, "ada", "Not yet")
    await tracker.comments(task)

    await tracker.edit(said.id, "Approved")

    (read,) = await tracker_on(server, store).comments(task)
    assert (read.text, read.edited) == ("Approved", True)


async def test_a_deleted_comment_is_gone_with_its_replies(server: ClickUp, tracker: PeopledClickUp) -> None:
    task = (await tracker.create(new())).id
    first = await tracker.say(task, "ada", "Hold")
    await tracker.say(task, "bob", "Why?", to=first.id)
    await tracker.say(task, "ada", "Approved")

    server.world.erase(int(first.id))

    assert [one.text for one in await tracker.comments(task)] == ["Approved"]


async def test_a_thousand_comments_are_read_whole_and_then_only_their_newest_page(
    server: ClickUp, tracker: PeopledClickUp
) -> None:
    task = (await tracker.create(new())).id
    server.world.say(2, task, "Approved, on the oldest page")
    for number in range(1, 1000):
        server.world.say(2 + number % 2, task, f"word {number}")
    server.world.say(2, task, "a reply", parent=server.world.thread(task)[500].id)

    with within(seconds=10, mib=16):
        first = await tracker.comments(task)
    pages = server.count("GET", "/comment$")
    await tracker.say(task, "ada", "Approved")
    again = await tracker.comments(task)

    assert [one.text for one in first[:2]] == ["Approved, on the oldest page", "word 1"]
    assert (len(first), len({one.id for one in first}), pages) == (1001, 1001, 41)
    assert [one.text for one in again] == [*(one.text for one in first), "Approved"]
    assert server.count("GET", "/comment$") == pages + 1


async def test_a_mention_calls_the_account(server: ClickUp, tracker: PeopledClickUp) -> None:
    task = (await tracker.create(new())).id

    said = await tracker.comment(task, "### Plan\n@ada: see `a\\_b` and **this**\n```text\nx | y\n```")

    runs = list(server.world.sayings[int(said.id)].runs)
    assert {"type": "tag", "user": {"id": 2}} in runs
    assert {"text": "a\\_b", "attributes": {"code": True}} in runs
    assert {"text": "this", "attributes": {"bold": True}} in runs
    assert {"text": "\n", "attributes": {"code-block": {"code-block": "plain"}}} in runs
