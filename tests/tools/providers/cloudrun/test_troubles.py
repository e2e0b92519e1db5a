"""What goes wrong with Cloud Run, each with its name, and with what was there before left as it was."""

from __future__ import annotations

import pytest

from orchestrate.errors import (
    AccessDenied,
    ChangedMeanwhile,
    EffectRefused,
    ImageMissing,
    NoRoom,
    OutcomeUnknown,
    OutsideFailed,
    RateLimited,
    StartFailed,
    Unreachable,
)
from orchestrate.models.hosts import CloudRun
from orchestrate.models.move import Verify
from tests.servers.cloudrun import SPENT
from tests.servers.sample_service import checkout, silent, version
from tests.servers.vendor import Trouble
from tests.tools.providers.cloudrun.conftest import Here
from tests.tools.providers.here import ONE, TWO

BAD = version("bad")
RAISE = "Consider requesting an increase in quota for this region"


async def test_a_revision_that_does_not_start_is_told_in_cloud_runs_words_and_its_template_is_taken_back(
    here: Here,
) -> None:
    await here.build(ONE)
    await here.build(BAD, "crash")
    await here.start()
    before = here.kept.template

    with pytest.raises(StartFailed, match="container failed to start and listen"):
        await here.start("green", BAD)

    here.site.settle()
    assert here.kept.template == before
    assert await here.weights() == {"blue": 100}


@pytest.mark.parametrize(
    ("status", "words"), [(429, SPENT), (400, f"Max instances must be set to 0 or fewer. {RAISE}")]
)
async def test_a_revision_that_the_project_has_no_quota_for_is_told_and_the_traffic_stays(
    here: Here, status: int, words: str
) -> None:
    await here.build(ONE)
    await here.build(TWO)
    await here.start()
    sent = here.vendor.count("PATCH", "updateMask=template")
    here.vendor.troubles.append(Trouble("PATCH", "updateMask=template", status, times=9, said=words))

    with pytest.raises(NoRoom, match=f"Cloud Run has no room for the service .*: {words}") as problem:
        await here.start("green", TWO)

    assert "have the quota or the plan raised" in problem.value.cure
    assert here.vendor.count("PATCH", "updateMask=template") == sent + 1
    assert await here.weights() == {"blue": 100}


async def test_a_revision_that_comes_to_nothing_for_want_of_quota_is_told_and_taken_back(here: Here) -> None:
    await here.build(ONE)
    await here.build(TWO, "spent")
    await here.start()
    before = here.kept.template

    with pytest.raises(NoRoom, match=f"{SPENT}"):
        await here.start("green", TWO)

    here.site.settle()
    assert (here.kept.template, await here.weights()) == (before, {"blue": 100})


async def test_so_many_requests_a_minute_are_no_room_and_are_waited_for(here: Here) -> None:
    words = "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per region'"
    here.vendor.troubles.append(Trouble("GET", "/services/", 429, times=9, said=words))

    with pytest.raises(RateLimited, match="was asked too often .*per minute"):
        await here.running()

    assert here.vendor.count("GET", "/services/") == 3


async def test_a_revision_that_failed_is_not_taken_again(here: Here) -> None:
    await here.build(ONE)
    await here.build(TWO, "crash")
    await here.start()
    with pytest.raises(StartFailed):
        await here.start("green", TWO)
    here.site.settle()
    here.site.does = dict.fromkeys(here.site.does, "serve")  # what was missing is there now

    await here.start("green", TWO)

    assert [name[-2:] for name in here.kept.revisions] == ["-1", "-1", "-2"]


async def test_somebody_elses_change_in_between_is_told_with_who_it_was(here: Here) -> None:
    await here.both()
    blue = {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}

    def eve() -> None:
        here.patched({"traffic": [blue, *({**one, "percent": 0} for one in here.kept.traffic)]}, "traffic")

    here.vendor.troubles.append(Trouble("PATCH", "updateMask=traffic", before=eve))
    with pytest.raises(ChangedMeanwhile, match="somebody else changed .*; it was eve@shop.example"):
        await here.share({"blue": 90, "green": 10})

    assert here.kept.by == "eve@shop.example"


async def test_traffic_that_somebody_gives_to_another_revision_is_shown_by_that_ones_name(here: Here) -> None:
    await here.both()
    here.patched({"template": {**here.kept.template, "revision": "shop-eve"}}, "template")
    parts = [{**one, "percent": 0} for one in here.kept.traffic]
    eve = {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": "shop-eve", "percent": 100}
    here.patched({"traffic": [*parts, eve]}, "traffic")

    assert await here.weights() == {"shop-eve": 100}


async def test_an_image_that_somebody_put_behind_a_tag_is_another_version(here: Here) -> None:
    await here.build(ONE)
    await here.start()
    (revision,) = here.kept.revisions.values()
    revision["containers"] = [{"image": "registry.example/evil@sha256:0"}]

    (slot,) = (await here.running()).slots

    assert [one.tree for one in slot.instances] == ["registry.example/evil@sha256:0"]


@pytest.mark.parametrize("status", [0, 500, 503])
async def test_a_lost_answer_to_what_was_done_is_read_back_and_nothing_is_sent_twice(
    here: Here, status: int
) -> None:
    await here.both()
    sent = here.vendor.count("PATCH", "updateMask=traffic")
    here.vendor.troubles.append(Trouble("PATCH", "updateMask=traffic", status, is_after=True))

    await here.share({"blue": 50, "green": 50})

    assert await here.weights() == {"blue": 50, "green": 50}
    assert here.vendor.count("PATCH", "updateMask=traffic") == sent + 1


async def test_a_lost_answer_to_what_was_not_done_is_unknown_and_never_success(here: Here) -> None:
    await here.both()
    here.vendor.troubles.append(Trouble("PATCH", "updateMask=traffic"))

    with pytest.raises(OutcomeUnknown, match="not to be seen after"):
        await here.share({"blue": 50, "green": 50})

    assert await here.weights() == {"blue": 100}


async def test_a_lost_answer_to_a_new_revision_is_read_back(here: Here) -> None:
    await here.build(ONE)
    await here.build(TWO)
    await here.start()
    here.vendor.troubles.append(Trouble("PATCH", "updateMask=template", is_after=True))

    await here.start("green", TWO)

    assert (len(here.kept.revisions), {one["tag"] for one in here.kept.statuses}) == (2, {"blue", "green"})


async def test_reads_that_show_what_was_before_are_waited_through(here: Here) -> None:
    here.vendor.lag = 2

    await here.both()
    await here.share({"blue": 90, "green": 10})

    here.vendor.lag = 0
    here.site.settle()
    assert sorted((one["tag"], one["percent"]) for one in here.kept.statuses) == [("blue", 90), ("green", 10)]
    assert len(here.kept.revisions) == 2


async def test_a_token_that_expires_in_mid_run_is_renewed(here: Here) -> None:
    await here.build(ONE)
    provider = here.provider()
    await provider.running(here.web)
    here.site.account.expire()

    await provider.running(here.web)

    assert here.site.account.given == 2


async def test_a_key_that_is_not_taken_any_more_is_named_and_not_shown(here: Here) -> None:
    here.site.account.is_open = False

    with pytest.raises(AccessDenied, match="does not take the key of deployer@") as problem:
        await here.running()

    assert "KEY" in problem.value.cure
    assert "PRIVATE" not in f"{problem.value}{problem.value.cure}"


async def test_a_secret_that_is_no_key_is_named_and_not_shown(here: Here) -> None:
    here.site.account.lost_key = '{"client_email": "a", "private_key": "hush hush"}'

    with pytest.raises(AccessDenied, match="cannot be read") as problem:
        await here.running()

    assert "hush" not in f"{problem.value}{problem.value.cure}"


async def test_who_asks_too_often_waits_as_long_as_is_said_and_not_for_an_hour(here: Here) -> None:
    trouble = Trouble("GET", "/services/", 429, headers={"Retry-After": "0"})
    here.vendor.troubles.append(trouble)
    await here.running()

    here.vendor.troubles.append(Trouble("GET", "/services/", 429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimited) as problem:
        await here.running()

    assert (trouble.times, problem.value.retry_after) == (0, 3600)


@pytest.mark.parametrize(
    ("status", "error"), [(403, AccessDenied), (400, OutsideFailed), (404, OutsideFailed)]
)
async def test_what_is_refused_has_not_happened_and_is_told(
    here: Here, status: int, error: type[OutsideFailed]
) -> None:
    await here.both()
    here.vendor.troubles.append(Trouble("PATCH", "updateMask=traffic", status))

    with pytest.raises(error, match="projects/shop-1/locations/europe-west1/services/shop") as problem:
        await here.share({"green": 100})

    assert not isinstance(problem.value, Unreachable)
    assert await here.weights() == {"blue": 100}


async def test_a_service_always_gives_its_traffic_to_somebody(here: Here) -> None:
    await here.build(ONE)
    await here.start()

    with pytest.raises(EffectRefused, match="to one of its revisions, always"):
        await here.share({})
    with pytest.raises(EffectRefused, match="stop blue"):
        await here.stop("blue")

    assert await here.weights() == {"blue": 100}


async def test_what_is_no_move_of_a_provider_is_refused(here: Here) -> None:
    with pytest.raises(EffectRefused, match="no move of a provider"):
        await here.provider().apply(here.web, Verify(component="web", slot="blue", version=ONE), silent)


async def test_an_image_that_nobody_pushed_is_missing(here: Here) -> None:
    with pytest.raises(ImageMissing, match="has no"):
        await here.provider().build(here.web, ONE, checkout(), silent)


async def test_a_cloud_run_that_does_not_answer_is_told(here: Here) -> None:
    own = here.web.cloudrun
    assert isinstance(own, CloudRun)
    here.vendor.troubles.append(Trouble("GET", "/services/", 500, times=9))

    with pytest.raises(Unreachable, match="Cloud Run cannot tell about the service"):
        await here.running()
