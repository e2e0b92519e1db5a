"""Netlify's builds and what it shows: what is found, what goes wrong, what somebody does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import pytest

from orchestrate.errors import (
    AccessDenied,
    BuildFailed,
    ChangedMeanwhile,
    EffectRefused,
    OutcomeUnknown,
    OutsideFailed,
    RateLimited,
    StartFailed,
)
from orchestrate.models.environment import Environment
from tests.contracts.web_worlds import IMPATIENT, in_netlify
from tests.servers.netlify import Netlify, netlify
from tests.servers.sample_service import checkout
from tests.servers.vendor import Trouble
from tests.tools.providers import publishing
from tests.tools.providers.here import ONE, TWO
from tools.providers.netlify.provider import netlify_provider
from tools.providers.published import PublishedProvider
from tools.systems.shown import Habits

Here = publishing.Here[Netlify]
BUILDS, RESTORE, LOCK = "/builds$", "/restore$", "/lock$"


def _provider(shop: Environment, habits: Habits = IMPATIENT) -> PublishedProvider:
    return netlify_provider(shop, lambda _: "token-of-netlify", habits=habits)


@pytest.fixture
def here(tmp_path: Path) -> Generator[Here]:
    with netlify() as (site, vendor):
        yield Here(site, vendor, tmp_path / "root", in_netlify(site), _provider)


async def test_what_a_push_made_is_taken_while_it_is_built_and_not_built_again(here: Here) -> None:
    here.site.push(ONE.commit)
    name = here.site.made(ONE.commit)
    here.site.settle()

    found = await here.build(ONE)

    assert (found.digest, here.vendor.count("POST", BUILDS)) == (name, 0)


async def test_a_preview_of_the_commit_is_not_what_goes_to_production(here: Here) -> None:
    here.site.push(ONE.commit)
    preview = here.site.made(ONE.commit, "deploy-preview")
    here.site.settle()

    assert (await here.build(ONE)).digest != preview


async def test_an_old_deploy_is_found_behind_many_others(here: Here) -> None:
    here.site.push(ONE.commit)
    old = here.site.made(ONE.commit)
    for number in range(1, 30):
        here.site.made(f"{number:040x}")
    here.site.settle()

    assert (await here.build(ONE)).digest == old


async def test_a_build_that_failed_is_told_in_netlifys_words_and_made_anew_when_asked_again(
    here: Here,
) -> None:
    with pytest.raises(BuildFailed, match="could not build v1: Build script failed: 2 tests failed"):
        await here.build(ONE, "red")

    assert (await here.build(ONE)).digest == "d3"


async def test_a_build_of_another_commit_than_the_versions_is_not_taken_for_it(here: Here) -> None:
    here.site.push(ONE.commit)
    here.site.push(TWO.commit)

    with pytest.raises(BuildFailed, match=f"built {TWO.commit[:12]}, and not {ONE.commit[:12]}") as problem:
        await here.provider().build(here.web, ONE, checkout(), here.said.append)

    assert problem.value.cure.startswith("push the commit")


async def test_a_site_that_publishes_by_itself_is_refused_before_anything_is_built(here: Here) -> None:
    here.site.locked = False

    with pytest.raises(EffectRefused, match="«Stop auto publishing»"):
        await here.build(ONE)

    assert here.vendor.count("POST", "/") == 0


@pytest.mark.parametrize("status", [0, 500])
async def test_a_lost_answer_to_a_build_is_read_back_and_not_sent_again(here: Here, status: int) -> None:
    here.vendor.troubles.append(Trouble("POST", BUILDS, status, is_after=True))

    found = await here.build(ONE)

    assert (found.digest, here.vendor.count("POST", BUILDS)) == ("d2", 1)


async def test_a_build_that_nobody_can_see_is_unknown(here: Here) -> None:
    here.vendor.troubles.append(Trouble("POST", BUILDS))

    with pytest.raises(OutcomeUnknown, match="no such build is to be seen"):
        await here.build(ONE)


async def test_what_is_published_stays_so_and_no_push_takes_its_place(here: Here) -> None:
    await here.both()
    here.site.push("e" * 40)
    here.site.made("e" * 40)
    here.site.settle()

    assert (here.site.published, here.site.locked) == ("d2", True)
    assert await here.weights() == {"blue": 100}


async def test_the_way_back_restores_the_deploy_before_which_is_not_built_again(here: Here) -> None:
    await here.both()
    await here.share({"green": 100}, was={"blue": 100})

    await here.share({"blue": 100}, was={"green": 100})

    assert (here.site.published, here.vendor.count("POST", BUILDS)) == ("d2", 2)


async def test_a_lost_answer_to_a_publication_that_happened_is_read_back(here: Here) -> None:
    await here.both()
    sent = here.vendor.count("POST", RESTORE)
    here.vendor.troubles.append(Trouble("POST", RESTORE, is_after=True))

    await here.share({"green": 100}, was={"blue": 100})

    assert (await here.weights(), here.site.locked) == ({"green": 100}, True)
    assert here.vendor.count("POST", RESTORE) == sent + 1


async def test_a_lost_answer_to_one_that_did_not_is_unknown_and_never_success(here: Here) -> None:
    await here.both()
    here.vendor.troubles.append(Trouble("POST", RESTORE))

    with pytest.raises(OutcomeUnknown, match="production does not show it yet"):
        await here.share({"green": 100}, was={"blue": 100})

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

    assert (here.site.published, here.site.locked) == ("d3", True)


async def test_reads_that_show_what_was_before_are_waited_through(here: Here) -> None:
    here.vendor.lag = 2

    await here.both()
    await here.share({"green": 100}, was={"blue": 100})

    assert (here.site.published, here.site.locked) == ("d3", True)


async def test_what_somebody_else_published_is_shown_and_not_taken_away(here: Here) -> None:
    await here.both()
    eve = here.site.made("e" * 40)
    here.site.settle()
    here.site.publish(eve)

    assert await here.weights() == {eve: 100}
    with pytest.raises(ChangedMeanwhile, match=f"production points to {eve} of eeeeeeeeeeee"):
        await here.share({"green": 100}, was={"blue": 100})

    assert here.site.published == eve


async def test_who_publishes_in_that_very_moment_is_not_overlooked(here: Here) -> None:
    await here.both()
    here.made = lambda shop: _provider(shop, Habits(again=0.01, shown=0.1, lost=0.1))
    eve = here.site.made("e" * 40)
    here.site.settle()
    here.site.turns = 1

    def overtake() -> None:
        here.site.later(lambda: here.site.publish(eve))

    here.vendor.troubles.append(Trouble("POST", RESTORE, before=overtake))

    with pytest.raises(StartFailed, match="took d3 for production, which points elsewhere"):
        await here.share({"green": 100}, was={"blue": 100})

    assert here.site.published == eve


async def test_a_program_that_fails_at_its_own_address_is_never_published(here: Here) -> None:
    await here.build(ONE, "crash")

    with pytest.raises(StartFailed, match="d2 .*/at/d2.* is unhealthy: /health answered 500"):
        await here.start()

    assert not (await here.running()).slots
    assert here.vendor.count("POST", RESTORE) == 0


async def test_a_deploy_behind_a_password_names_what_helps(here: Here) -> None:
    await here.build(ONE, "secret")

    with pytest.raises(StartFailed, match="answered 401") as problem:
        await here.start()

    assert "password" in problem.value.cure


async def test_a_deploy_that_netlify_deleted_is_no_slot_any_more(here: Here) -> None:
    await here.both()

    del here.site.deploys["d3"]

    assert [one.name for one in (await here.running()).slots] == ["blue"]


async def test_a_token_that_is_not_taken_any_more_is_named_and_not_shown(here: Here) -> None:
    here.site.token = "another"  # noqa: S105

    with pytest.raises(AccessDenied, match="does not take our credentials") as problem:
        await here.running()

    assert "secret TOKEN" in problem.value.cure
    assert "token-of-netlify" not in f"{problem.value}{problem.value.cure}"


async def test_a_site_that_is_not_there_is_named(here: Here) -> None:
    assert here.web.netlify is not None
    here.web = here.web.model_copy(update={"netlify": here.web.netlify.model_copy(update={"site": "x"})})

    with pytest.raises(OutsideFailed, match="Netlify has no the site x"):
        await here.running()


@pytest.mark.parametrize("headers", [{"Retry-After": "0"}, {"X-RateLimit-Remaining": "0"}])
async def test_who_asks_too_often_waits_as_long_as_is_said(here: Here, headers: dict[str, str]) -> None:
    reset = {"X-RateLimit-Reset": str(int(time.time()) - 2)} if "Retry-After" not in headers else {}
    here.vendor.troubles.append(Trouble("GET", "/sites/", 429, headers={**headers, **reset}))

    await here.running()


async def test_who_asks_too_often_does_not_wait_for_an_hour(here: Here) -> None:
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 3600)}
    here.vendor.troubles.append(Trouble("GET", "/sites/", 429, headers=reset))

    with pytest.raises(RateLimited):
        await here.running()


@pytest.mark.parametrize(
    ("status", "error"), [(403, AccessDenied), (409, ChangedMeanwhile), (422, OutsideFailed)]
)
async def test_a_publication_that_is_refused_has_not_happened(
    here: Here, status: int, error: type[OutsideFailed]
) -> None:
    await here.both()
    here.vendor.troubles.append(Trouble("POST", RESTORE, status))

    with pytest.raises(error, match="the published deploy of"):
        await here.share({"green": 100}, was={"blue": 100})

    assert await here.weights() == {"blue": 100}
