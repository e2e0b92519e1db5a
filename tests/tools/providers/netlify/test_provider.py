"""What is Netlify's own: pushes that publish by themselves, old deploys, and the deploys it deletes."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import pytest

from orchestrate.errors import BuildFailed, OutsideFailed, RateLimited, StartFailed
from tests.servers.netlify import Netlify
from tests.servers.sample_service import checkout
from tests.servers.vendor import Trouble
from tests.tools.providers import publishing
from tests.tools.providers.here import ONE, TWO
from tools.systems.shown import Habits

Here = publishing.Here[Netlify]
LOCK = "/lock$"


@pytest.fixture
def here(tmp_path: Path) -> Generator[Here]:
    with publishing.netlify(tmp_path / "root") as found:
        yield found


async def test_an_old_deploy_is_found_behind_many_others(here: Here) -> None:
    here.site.push(ONE.commit)
    old = here.site.made(ONE.commit)
    for number in range(1, 30):
        here.site.made(f"{number:040x}")
    here.site.settle()

    assert (await here.build(ONE)).digest == old


async def test_a_build_of_another_commit_than_the_versions_is_not_taken_for_it(here: Here) -> None:
    here.site.push(ONE.commit)
    here.site.push(TWO.commit)

    with pytest.raises(BuildFailed, match=f"built {TWO.commit[:12]}, and not {ONE.commit[:12]}") as problem:
        await here.provider().build(here.web, ONE, checkout(), here.said.append)

    assert problem.value.cure.startswith("push the commit")


async def test_what_is_published_stays_so_and_no_push_takes_its_place(here: Here) -> None:
    await here.both()
    here.site.push("e" * 40)
    here.site.made("e" * 40)
    here.site.settle()

    assert (here.site.published, here.site.follows) == ("d2", False)
    assert await here.weights() == {"blue": 100}


@pytest.mark.parametrize("status", [0, 403, 500])
async def test_what_is_live_and_can_be_overtaken_by_a_push_is_said(here: Here, status: int) -> None:
    await here.both()
    here.vendor.troubles.append(Trouble("POST", LOCK, status))

    with pytest.raises(StartFailed, match="d3 is live, but the site publishes each push by itself"):
        await here.share({"green": 100}, was={"blue": 100})

    assert await here.weights() == {"green": 100}
    assert "d3 is live, but" in here.said[-1]


async def test_the_same_move_again_ends_what_was_done_by_half(here: Here) -> None:
    await here.both()
    here.site.publish("d3")

    await here.share({"green": 100}, was={"blue": 100})

    assert (here.site.published, here.site.follows) == ("d3", False)


async def test_who_publishes_in_that_very_moment_is_not_overlooked(here: Here) -> None:
    await here.both()
    here.habits = Habits(again=0.01, shown=0.1, lost=0.1)
    eve = here.site.made("e" * 40)
    here.site.settle()
    here.site.turns = 1

    def overtake() -> None:
        here.site.later(lambda: here.site.publish(eve))

    here.vendor.troubles.append(Trouble("POST", here.words.publishes, before=overtake))

    with pytest.raises(StartFailed, match="took d3 for production, which points elsewhere"):
        await here.share({"green": 100}, was={"blue": 100})

    assert here.site.published == eve


async def test_a_deploy_behind_a_password_names_what_helps(here: Here) -> None:
    await here.build(ONE, "secret")

    with pytest.raises(StartFailed, match="answered 401") as problem:
        await here.start()

    assert "password" in problem.value.cure


async def test_a_deploy_that_netlify_deleted_is_no_slot_any_more(here: Here) -> None:
    await here.both()

    del here.site.deploys["d3"]

    assert [one.name for one in (await here.running()).slots] == ["blue"]


async def test_a_site_that_is_not_there_is_named(here: Here) -> None:
    assert here.web.netlify is not None
    here.web = here.web.model_copy(update={"netlify": here.web.netlify.model_copy(update={"site": "x"})})

    with pytest.raises(OutsideFailed, match="Netlify has no the site x"):
        await here.running()


async def test_who_asks_too_often_waits_until_the_time_that_is_said(here: Here) -> None:
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) - 2)}
    here.vendor.troubles.append(Trouble("GET", "/sites/", 429, headers=reset))

    await here.running()


async def test_who_asks_too_often_does_not_wait_for_an_hour(here: Here) -> None:
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 3600)}
    here.vendor.troubles.append(Trouble("GET", "/sites/", 429, headers=reset))

    with pytest.raises(RateLimited):
        await here.running()
