"""A pull request with a thousand comments: nothing of it is missed, and it is read in so many requests."""

from __future__ import annotations

from tests.bounds import within
from tests.contracts.forge_world import github_api
from tests.tools.systems.github.conftest import Here
from tools.systems.github_thread import GithubThread

COMMENTS = 1000


async def test_of_a_thousand_comments_the_first_and_the_last_are_heard(here: Here) -> None:
    here.world.comment(1, "bob", f"QA approved {here.head}")
    for number in range(1, COMMENTS - 1):
        here.world.comment(1, "uma", f"word {number}")
    here.world.comment(1, "bob", f"Security approved {here.head}")

    with within(seconds=15, mib=16):
        change = await here.change()

    assert {(one.name, one.by, one.sha) for one in change.labels} == {
        ("qa-approved", "bob", here.head),
        ("security-approved", "bob", here.head),
    }
    assert here.server.count("GET", "/comments$") == COMMENTS // 100 + 1
    assert len(here.server.asked) <= 25


async def test_a_thousand_comments_do_not_make_us_say_something_twice(here: Here) -> None:
    thread = GithubThread(github_api(here.server), "1", "D1")
    await thread.announce("done", "Deployed", "v2 is live")
    for number in range(COMMENTS):
        here.world.comment(1, "uma", f"word {number}")

    await thread.announce("done", "Deployed", "v2 is live")

    assert len(here.world.comments) == COMMENTS + 1
