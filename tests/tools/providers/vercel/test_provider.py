"""Vercel's builds and promotions: what is found, what goes wrong, and what somebody else does meanwhile."""

from __future__ import annotations

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
    UnknownVersion,
)
from orchestrate.models.environment import Environment
from orchestrate.models.move import Stop, Verify
from tests.contracts.web_worlds import IMPATIENT, in_vercel
from tests.servers.sample_service import silent
from tests.servers.vendor import Trouble
from tests.servers.vercel import Vercel, vercel
from tests.tools.providers import publishing
from tests.tools.providers.here import ONE
from tools.providers.published import PublishedProvider
from tools.providers.vercel.provider import vercel_provider

PROMOTE = "/promote/"
Here = publishing.Here[Vercel]


def _provider(shop: Environment) -> PublishedProvider:
    return vercel_provider(shop, lambda _: "token-of-vercel", habits=IMPATIENT)


@pytest.fixture
def here(tmp_path: Path) -> Generator[Here]:
    with vercel() as (site, vendor):
        yield Here(site, vendor, tmp_path / "root", in_vercel(site), _provider)


async def test_what_a_push_made_is_taken_and_not_built_again(here: Here) -> None:
    here.site.push(ONE.commit)
    name = here.site.made(ONE.commit)

    found = await here.build(ONE)

    assert (found.digest, here.vendor.count("POST", "/deployments")) == (name, 0)


async def test_a_preview_of_the_commit_is_not_what_goes_to_production(here: Here) -> None:
    here.site.push(ONE.commit)
    preview = here.site.made(ONE.commit, "staging")

    found = await here.build(ONE)

    assert found.digest != preview


async def test_a_build_that_failed_is_told_in_vercels_words_and_made_anew_when_it_is_asked_again(
    here: Here,
) -> None:
    with pytest.raises(BuildFailed, match="could not build v1: 2 tests failed"):
        await here.build(ONE, "red")

    assert (await here.build(ONE)).digest == "dpl_2"


async def test_a_project_that_gives_its_domains_away_by_itself_is_refused(here: Here) -> None:
    here.site.assigns = True

    with pytest.raises(EffectRefused, match="turn off «Auto-assign Custom Production Domains»"):
        await here.build(ONE)

    assert not here.site.deployments


async def test_a_commit_that_vercel_cannot_be_asked_for_must_be_pushed(here: Here) -> None:
    here.site.link = "gitlab"

    with pytest.raises(BuildFailed, match="has no deployment of v1") as problem:
        await here.build(ONE)

    assert problem.value.cure.startswith("push the commit")


@pytest.mark.parametrize("status", [0, 500])
async def test_a_lost_answer_to_a_build_is_read_back_and_not_sent_again(here: Here, status: int) -> None:
    here.vendor.troubles.append(Trouble("POST", "/v13/deployments", status, is_after=True))

    found = await here.build(ONE)

    assert (found.digest, len(here.site.deployments)) == ("dpl_1", 1)


async def test_a_lost_answer_to_a_promotion_that_was_taken_is_read_back(here: Here) -> None:
    await here.both()
    sent = here.vendor.count("POST", PROMOTE)
    here.vendor.troubles.append(Trouble("POST", PROMOTE, is_after=True))

    await here.share({"green": 100}, was={"blue": 100})

    assert await here.weights() == {"green": 100}
    assert here.vendor.count("POST", PROMOTE) == sent + 1


async def test_a_lost_answer_to_a_promotion_that_was_not_is_unknown_and_never_success(here: Here) -> None:
    await here.both()
    here.vendor.troubles.append(Trouble("POST", PROMOTE))

    with pytest.raises(OutcomeUnknown, match="production does not show it yet"):
        await here.share({"green": 100}, was={"blue": 100})

    assert await here.weights() == {"blue": 100}


async def test_reads_that_show_what_was_before_are_waited_through(here: Here) -> None:
    here.vendor.lag = 2

    await here.both()
    await here.share({"green": 100}, was={"blue": 100})

    assert here.site.production == "dpl_2"


async def test_the_way_back_promotes_the_deployment_before_which_is_not_built_again(here: Here) -> None:
    await here.both()
    await here.share({"green": 100}, was={"blue": 100})

    await here.share({"blue": 100}, was={"green": 100})

    assert (here.site.production, len(here.site.deployments)) == ("dpl_1", 2)


async def test_what_somebody_else_promoted_is_shown_and_not_taken_away(here: Here) -> None:
    await here.both()
    here.site.push("e" * 40)
    eve = here.site.made("e" * 40)
    here.site.settle()
    here.site.point(eve)

    assert await here.weights() == {eve: 100}
    with pytest.raises(ChangedMeanwhile, match=f"production points to {eve} of eeeeeeeeeeee"):
        await here.share({"green": 100}, was={"blue": 100})

    assert here.site.production == eve


async def test_a_program_that_fails_at_its_own_address_is_never_promoted(here: Here) -> None:
    await here.build(ONE, "crash")

    with pytest.raises(StartFailed, match="dpl_1 .* is unhealthy: /health answered 500"):
        await here.start()

    assert not (await here.running()).slots


async def test_a_token_that_is_not_taken_any_more_is_named_and_not_shown(here: Here) -> None:
    here.site.token = "another"  # noqa: S105

    with pytest.raises(AccessDenied, match="does not take our credentials") as problem:
        await here.running()

    assert "secret TOKEN" in problem.value.cure
    assert "token-of-vercel" not in f"{problem.value}{problem.value.cure}"


async def test_who_asks_too_often_waits_as_long_as_is_said_and_not_for_an_hour(here: Here) -> None:
    here.vendor.troubles.append(Trouble("GET", "/v9/", 429, headers={"Retry-After": "0"}))
    await here.running()

    here.vendor.troubles.append(Trouble("GET", "/v9/", 429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimited):
        await here.running()


@pytest.mark.parametrize(
    ("status", "error"), [(403, AccessDenied), (409, ChangedMeanwhile), (422, OutsideFailed)]
)
async def test_a_promotion_that_is_refused_has_not_happened(
    here: Here, status: int, error: type[OutsideFailed]
) -> None:
    await here.both()
    here.vendor.troubles.append(Trouble("POST", PROMOTE, status))

    with pytest.raises(error, match="production of shop"):
        await here.share({"green": 100}, was={"blue": 100})

    assert await here.weights() == {"blue": 100}


async def test_production_points_to_one_deployment_always(here: Here) -> None:
    await here.both()

    with pytest.raises(EffectRefused, match="one build, always"):
        await here.share({"blue": 50, "green": 50})
    with pytest.raises(EffectRefused, match="one build, always"):
        await here.share({})
    with pytest.raises(EffectRefused, match="stop blue"):
        move = Stop(component="web", slot="blue", version=ONE, instances=1)
        await here.provider().apply(here.web, move, silent)


async def test_a_commit_that_was_not_built_does_not_start(here: Here) -> None:
    with pytest.raises(UnknownVersion):
        await here.start()


async def test_what_is_no_move_of_a_provider_is_refused(here: Here) -> None:
    with pytest.raises(EffectRefused, match="no move of a provider"):
        await here.provider().apply(here.web, Verify(component="web", slot="blue", version=ONE), silent)


async def test_a_protected_deployment_is_asked_with_the_bypass(here: Here) -> None:
    assert here.web.vercel is not None
    own = here.web.vercel.model_copy(update={"bypass": "TOKEN"})
    here.web = here.web.model_copy(update={"vercel": own})
    await here.build(ONE)

    await here.start()

    assert any(one.get("x-vercel-protection-bypass") == "token-of-vercel" for one in here.vendor.headers)
