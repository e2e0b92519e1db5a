"""Places that publish builds: what is found, what goes wrong, and what somebody else does meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
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
    Unreachable,
)
from orchestrate.models.move import Verify
from tests.servers.netlify import Netlify
from tests.servers.vendor import Trouble
from tests.servers.vercel import Vercel
from tests.tools.providers import publishing
from tests.tools.providers.here import ONE

Here = publishing.Here[Netlify] | publishing.Here[Vercel]
Place = Callable[[Path], AbstractContextManager[Here]]


@pytest.fixture(params=[publishing.netlify, publishing.vercel], ids=["netlify", "vercel"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Here]:
    place: Place = request.param
    with place(tmp_path / "root") as found:
        yield found


async def test_what_a_push_made_is_taken_while_it_is_built_and_not_built_again(here: Here) -> None:
    here.site.push(ONE.commit)
    name = here.site.made(ONE.commit)

    found = await here.build(ONE)

    assert (found.digest, here.built()) == (name, 0)


async def test_a_preview_of_the_commit_is_not_what_goes_to_production(here: Here) -> None:
    here.site.push(ONE.commit)
    preview = here.site.made(ONE.commit, here.words.preview)
    here.site.settle()

    assert (await here.build(ONE)).digest != preview


async def test_a_build_that_failed_is_told_in_the_vendors_words_and_made_anew_when_asked_again(
    here: Here,
) -> None:
    with pytest.raises(BuildFailed, match=here.words.red):
        await here.build(ONE, "red")

    await here.build(ONE)

    assert here.built() == 2


async def test_a_place_that_publishes_by_itself_is_refused_before_anything_is_built(here: Here) -> None:
    here.site.follows = True

    with pytest.raises(EffectRefused, match=here.words.follows):
        await here.build(ONE)

    assert here.vendor.count("POST", "/") == 0


@pytest.mark.parametrize("status", [0, 500])
async def test_a_lost_answer_to_a_build_is_read_back_and_not_sent_again(here: Here, status: int) -> None:
    here.vendor.troubles.append(Trouble("POST", here.words.builds, status, is_after=True))

    found = await here.build(ONE)

    assert (await here.provider().artifact(here.web, ONE), here.built()) == (found, 1)


async def test_a_build_that_nobody_can_see_is_unknown(here: Here) -> None:
    here.vendor.troubles.append(Trouble("POST", here.words.builds))

    with pytest.raises(OutcomeUnknown, match="no such build is to be seen"):
        await here.build(ONE)


async def test_a_commit_that_was_not_built_does_not_start(here: Here) -> None:
    with pytest.raises(UnknownVersion):
        await here.start()


async def test_a_program_that_fails_at_its_own_address_is_never_published(here: Here) -> None:
    found = await here.build(ONE, "crash")

    with pytest.raises(
        StartFailed, match=f"{found.digest} .*/at/{found.digest}.* is unhealthy: /health answered 500"
    ):
        await here.start()

    assert ((await here.running()).slots, here.published()) == ((), 0)


async def test_the_way_back_publishes_the_build_before_which_is_not_built_again(here: Here) -> None:
    await here.both()
    await here.share({"green": 100}, was={"blue": 100})

    await here.share({"blue": 100}, was={"green": 100})

    assert (await here.weights(), here.built()) == ({"blue": 100}, 2)


async def test_a_lost_answer_to_a_publication_that_happened_is_read_back(here: Here) -> None:
    await here.both()
    sent = here.published()
    here.vendor.troubles.append(Trouble("POST", here.words.publishes, is_after=True))

    await here.share({"green": 100}, was={"blue": 100})

    assert (await here.weights(), here.site.follows) == ({"green": 100}, False)
    assert here.published() == sent + 1


async def test_a_lost_answer_to_one_that_did_not_is_unknown_and_never_success(here: Here) -> None:
    await here.both()
    here.vendor.troubles.append(Trouble("POST", here.words.publishes))

    with pytest.raises(OutcomeUnknown, match="production does not show it yet"):
        await here.share({"green": 100}, was={"blue": 100})

    assert await here.weights() == {"blue": 100}


@pytest.mark.parametrize(
    ("status", "error"), [(403, AccessDenied), (409, ChangedMeanwhile), (422, OutsideFailed)]
)
async def test_a_publication_that_is_refused_has_not_happened(
    here: Here, status: int, error: type[OutsideFailed]
) -> None:
    await here.both()
    here.vendor.troubles.append(Trouble("POST", here.words.publishes, status))

    with pytest.raises(error, match=here.words.refused):
        await here.share({"green": 100}, was={"blue": 100})

    assert await here.weights() == {"blue": 100}


async def test_reads_that_show_what_was_before_are_waited_through(here: Here) -> None:
    here.vendor.lag = 2

    await here.both()
    await here.share({"green": 100}, was={"blue": 100})

    here.vendor.lag = 0
    assert (await here.weights(), here.site.follows) == ({"green": 100}, False)


async def test_what_somebody_else_published_is_shown_and_not_taken_away(here: Here) -> None:
    await here.both()
    here.site.push("e" * 40)
    eve = here.site.made("e" * 40)
    here.site.settle()
    here.site.publish(eve)

    assert await here.weights() == {eve: 100}
    with pytest.raises(ChangedMeanwhile, match=f"production points to {eve} of eeeeeeeeeeee"):
        await here.share({"green": 100}, was={"blue": 100})

    assert here.site.published == eve


async def test_production_points_to_one_build_always(here: Here) -> None:
    await here.both()

    with pytest.raises(EffectRefused, match="one build, always"):
        await here.share({"blue": 50, "green": 50})
    with pytest.raises(EffectRefused, match="one build, always"):
        await here.share({})
    with pytest.raises(EffectRefused, match="stop blue"):
        await here.stop("blue")


async def test_what_is_no_move_of_a_provider_is_refused(here: Here) -> None:
    with pytest.raises(EffectRefused, match="no move of a provider"):
        await here.do(Verify(component="web", slot="blue", version=ONE))


async def test_a_token_that_is_not_taken_any_more_is_named_and_not_shown(here: Here) -> None:
    token, here.site.token = here.site.token, "another"

    with pytest.raises(AccessDenied, match="does not take our credentials") as problem:
        await here.running()

    assert "secret TOKEN" in problem.value.cure
    assert token not in f"{problem.value}{problem.value.cure}"


async def test_who_asks_too_often_waits_as_long_as_is_said_and_not_for_an_hour(here: Here) -> None:
    here.vendor.troubles.append(Trouble("GET", here.words.site, 429, headers={"Retry-After": "0"}))
    await here.running()

    here.vendor.troubles.append(Trouble("GET", here.words.site, 429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimited):
        await here.running()


@pytest.mark.parametrize("status", [0, 503])
async def test_a_vendor_that_does_not_answer_is_unreachable_and_nothing_is_taken_for_gone(
    here: Here, status: int
) -> None:
    here.vendor.troubles += [Trouble("GET", here.words.site, status, times=9)]

    with pytest.raises(Unreachable):
        await here.running()
