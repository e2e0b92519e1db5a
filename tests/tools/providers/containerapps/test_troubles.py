"""What goes wrong with Container Apps, each with its name, and with what was there before left as it was."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from orchestrate.errors import (
    AccessDenied,
    ChangedMeanwhile,
    ImageMissing,
    NoRoom,
    OutcomeUnknown,
    OutsideFailed,
    RateLimited,
    StartFailed,
    Unreachable,
)
from tests.servers.containerapps import SPENT
from tests.servers.sample_service import checkout, silent, version
from tests.servers.vendor import Trouble
from tests.tools.providers.containerapps.conftest import Here
from tests.tools.providers.here import ONE

BAD = version("bad")
APP = r"/containerApps/shop\?"


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("crash", "Failed to provision revision for container app 'shop'.*Container crashing"),
        pytest.param(
            "sick",
            "is not well after 1 s: Provisioned, Degraded, Unhealthy.*CrashLoopBackOff",
            marks=pytest.mark.slow,
        ),
        pytest.param("broken", "is not well after 1 s: .*/health answered 500", marks=pytest.mark.slow),
    ],
)
async def test_a_revision_that_does_not_get_well_gets_no_traffic_and_is_ended(
    here: Here, does: str, said: str
) -> None:
    await here.build(ONE)
    await here.build(BAD, does)
    await here.start()
    await here.share({"blue": 100})

    with pytest.raises(StartFailed, match=said):
        await here.start("green", BAD)

    running = await here.running()
    assert ([slot.name for slot in running.slots], running.weights) == (["blue"], {"blue": 100})
    assert len(here.active) == 1


async def test_a_revision_for_which_the_environment_has_no_cores_is_told_and_ended(here: Here) -> None:
    await here.build(ONE)
    await here.build(BAD, "spent")
    await here.start()
    await here.share({"blue": 100})

    with pytest.raises(NoRoom, match=SPENT) as problem:
        await here.start("green", BAD)

    assert "have the quota or the plan raised" in problem.value.cure
    assert (await here.weights(), len(here.active)) == ({"blue": 100}, 1)


@pytest.mark.parametrize("status", [400, 403, 409])
async def test_a_quota_with_which_azure_turns_a_revision_away_is_no_missing_right_and_nobodys_change(
    here: Here, status: int
) -> None:
    await here.both()
    await here.stop("green")
    said = "Operation results in exceeding quota limits of Core. Maximum allowed: 10, Current in use: 10"
    here.vendor.troubles.append(Trouble("PATCH", APP, status, said=said))
    await here.build(BAD)

    with pytest.raises(NoRoom, match="Azure has no room for the container app shop in shop-rg: Operation"):
        await here.start("green", BAD)

    assert (await here.weights(), len(here.active)) == ({"blue": 100}, 1)


@pytest.mark.slow
async def test_a_revision_that_failed_is_not_taken_again(here: Here) -> None:
    await here.build(ONE, "crash")
    with pytest.raises(StartFailed):
        await here.start()
    here.site.does = dict.fromkeys(here.site.does, "serve")  # what was missing is there now

    await here.start()

    assert [name[-2:] for name in here.site.revisions] == ["lo", "-1", "-2"]


async def test_a_start_that_is_given_up_leaves_no_revision_that_runs(here: Here) -> None:
    await here.build(ONE)
    here.site.turns = 20
    moving = asyncio.create_task(here.start())
    async with asyncio.timeout(10):
        while len(here.site.revisions) < 2:
            await asyncio.sleep(0.001)

    moving.cancel()
    await asyncio.wait([moving])

    assert (here.active, here.site.state) == ([], "Succeeded")


async def test_an_image_that_azure_cannot_pull_is_told(here: Here) -> None:
    await here.build(ONE)
    here.site.does = {"": "serve"}

    with pytest.raises(StartFailed, match="MANIFEST_UNKNOWN"):
        await here.start()


async def test_somebody_elses_change_since_we_looked_is_told_with_who_it_was(here: Here) -> None:
    await here.both()
    eve = Trouble("GET", "/revisions\\?", before=lambda: here.shared_by_eve({"shop--hello": 100}))
    here.vendor.troubles.append(eve)

    with pytest.raises(ChangedMeanwhile, match="somebody else changed .* by eve@shop.example"):
        await here.share({"blue": 90, "green": 10})

    assert here.site.facts("shop--hello")["trafficWeight"] == 100


async def test_a_modification_that_is_in_progress_is_not_crossed(here: Here) -> None:
    await here.both()
    here.vendor.troubles.append(
        Trouble("PATCH", APP, before=lambda: setattr(here.site, "state", "InProgress"))
    )

    with pytest.raises(ChangedMeanwhile, match="another modification is in progress.*last changed by"):
        await here.share({"blue": 90, "green": 10})

    assert await here.weights() == {"blue": 100}


@pytest.mark.slow
async def test_shares_of_which_a_half_came_into_force_are_no_success(here: Here) -> None:
    await here.both()
    here.site.is_halved = True

    with pytest.raises(StartFailed, match="did not do what was asked .* not to be seen after 1 s"):
        await here.share({"blue": 60, "green": 40})

    assert await here.weights() != {"blue": 60, "green": 40}


async def test_traffic_that_somebody_gives_to_another_revision_is_shown_by_that_ones_name(here: Here) -> None:
    await here.both()
    here.shared_by_eve({"shop--hello": 100, **dict.fromkeys(here.active, 0)})
    label = here.site.traffic[1]
    label["label"] = "blue"

    assert await here.weights() == {"shop--hello": 100}


async def test_an_image_that_is_not_what_was_built_is_another_version(here: Here) -> None:
    await here.build(ONE)
    await here.start()
    name = here.active[0]
    here.site.facts(name)["template"]["containers"][0]["image"] = "registry.example/evil"  # type: ignore[index]
    here.site.does[""] = "serve"

    (slot,) = (await here.running()).slots

    assert [one.tree for one in slot.instances] == ["registry.example/evil"]


@pytest.mark.parametrize(
    ("mode", "ingress", "said"),
    [("Single", True, "one active revision at a time"), ("Multiple", False, "has no ingress")],
)
async def test_an_app_that_cannot_share_its_traffic_is_left_as_it_is(
    here: Here, mode: str, ingress: bool, said: str
) -> None:
    here.site.mode, here.site.has_ingress = mode, ingress
    await here.build(ONE)

    with pytest.raises(StartFailed, match=said):
        await here.start()

    assert here.vendor.count("PATCH", "") == 0


async def test_traffic_of_what_does_not_run_is_not_guessed_at(here: Here) -> None:
    await here.both()
    await here.share({"blue": 70, "green": 30})
    here.site.facts(here.active[1])["active"] = False

    with pytest.raises(
        StartFailed, match="30 % of the traffic of shop goes to revisions that are not active"
    ):
        await here.share({"blue": 100})


@pytest.mark.parametrize("status", [0, pytest.param(503, marks=pytest.mark.slow)])
async def test_a_lost_answer_to_what_was_done_is_read_back_and_nothing_is_sent_twice(
    here: Here, status: int
) -> None:
    await here.both()
    sent = here.vendor.count("PATCH", APP)
    here.vendor.troubles.append(Trouble("PATCH", APP, status, is_after=True))

    await here.share({"blue": 50, "green": 50})

    assert await here.weights() == {"blue": 50, "green": 50}
    assert here.vendor.count("PATCH", APP) == sent + 1


async def test_a_lost_answer_to_what_was_not_done_is_unknown_and_never_success(here: Here) -> None:
    await here.both()
    here.vendor.troubles.append(Trouble("PATCH", APP))

    with pytest.raises(OutcomeUnknown, match="not to be seen after"):
        await here.share({"blue": 50, "green": 50})

    assert await here.weights() == {"blue": 100}


@pytest.mark.slow
async def test_a_lost_answer_to_a_revision_that_is_ended_is_read_back(here: Here) -> None:
    await here.both()
    here.vendor.troubles.append(Trouble("POST", "/deactivate", is_after=True))

    await here.stop("green")

    assert len(here.active) == 1


@pytest.mark.slow
async def test_reads_that_show_what_was_before_are_waited_through(here: Here) -> None:
    here.vendor.lag = 2

    await here.both()
    await here.share({"blue": 90, "green": 10})

    here.vendor.lag = 0
    here.site.settle()
    assert await here.weights() == {"blue": 90, "green": 10}
    assert len(here.site.revisions) == 3


async def test_a_token_that_expires_in_mid_run_is_renewed(here: Here) -> None:
    provider = here.provider()
    await provider.running(here.web)
    here.site.account.expire()

    await provider.running(here.web)

    assert here.site.account.given == 2


async def test_a_secret_that_is_not_taken_is_named_and_not_shown(here: Here) -> None:
    wrong = replace(here, secret="another-secret")  # noqa: S106  of nothing

    with pytest.raises(AccessDenied, match="does not take the secret of .*AADSTS7000215") as problem:
        await wrong.provider().running(here.web)

    assert "the secret SECRET" in problem.value.cure
    assert "another-secret" not in f"{problem.value}{problem.value.cure}"


async def test_who_asks_too_often_waits_as_long_as_is_said_and_not_for_an_hour(here: Here) -> None:
    trouble = Trouble("GET", APP, 429, headers={"Retry-After": "0"})
    here.vendor.troubles.append(trouble)
    await here.running()

    here.vendor.troubles.append(Trouble("GET", APP, 429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimited) as problem:
        await here.running()

    assert (trouble.times, problem.value.retry_after) == (0, 3600)


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AccessDenied), (403, AccessDenied), (400, OutsideFailed), (404, OutsideFailed)],
)
async def test_what_is_refused_has_not_happened_and_is_told(
    here: Here, status: int, error: type[OutsideFailed]
) -> None:
    await here.both()
    here.vendor.troubles.append(Trouble("PATCH", APP, status, times=2))

    with pytest.raises(error, match="Azure") as problem:
        await here.share({"green": 100})

    assert not isinstance(problem.value, Unreachable)
    assert await here.weights() == {"blue": 100}


async def test_an_app_that_is_not_there_is_told_and_not_taken_for_an_empty_one(here: Here) -> None:
    own = here.web.containerapps
    assert own is not None
    here.web = here.web.model_copy(update={"containerapps": own.model_copy(update={"app": "other"})})

    with pytest.raises(OutsideFailed, match="Azure has no the container app other in shop-rg"):
        await here.running()


async def test_an_image_that_nobody_pushed_is_missing(here: Here) -> None:
    with pytest.raises(ImageMissing, match="has no"):
        await here.provider().build(here.web, ONE, checkout(), silent)


async def test_an_azure_that_does_not_answer_is_told(here: Here) -> None:
    here.vendor.troubles.append(Trouble("GET", APP, 500, times=9))

    with pytest.raises(Unreachable, match="Azure cannot tell about the container app shop"):
        await here.running()
