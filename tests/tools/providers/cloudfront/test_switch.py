"""The switch of a distribution: shown to everybody, once, and never over somebody else's change."""

from __future__ import annotations

from typing import Any  # botocore's answers have no types

import pytest

from orchestrate.errors import (
    AccessDenied,
    ChangedMeanwhile,
    CredentialsExpired,
    EffectRefused,
    ObjectMissing,
    OutsideFailed,
    RateLimited,
    StartFailed,
    Unreachable,
)
from orchestrate.models.move import SetTraffic, Stop, Verify
from tests.servers.sample_service import silent
from tests.tools.providers.cloudfront.conftest import (
    BACK,
    BLUE_LIVE,
    GREEN,
    ONE,
    START,
    SWITCH,
    TWO,
    Opening,
    Shop,
)
from tools.provider import holds

pytestmark = pytest.mark.slow


async def test_viewers_get_the_version_that_is_switched_to_and_the_former_one_on_the_way_back(
    shop: Shop,
) -> None:
    await shop.first()
    assert shop.page() == "<h1>v1</h1>"

    await shop.do(SWITCH)
    assert (shop.page(), holds(SWITCH, await shop.running())) == ("<h1>v2</h1>", True)
    shop.site.front.asked.clear()
    await shop.do(BACK)

    assert (shop.page(), (await shop.running()).weights) == ("<h1>v1</h1>", {"blue": 100})
    assert shop.asked("PUT") == [f"PUT {shop.config}/config"]  # nothing is built or uploaded


async def test_edges_forget_once_all_of_them_have_the_new_path(shop: Shop) -> None:
    await shop.first()
    shown: list[str] = []
    asked = f"POST {shop.config}/invalidation"
    shop.site.front.after[asked] = lambda: shown.append(shop.site.edge.shows(shop.own.distribution))

    await shop.do(SWITCH)

    assert shown == [f"/releases/web/{TWO.tree}"]


async def test_only_the_path_of_the_origin_is_changed(shop: Shop) -> None:
    cloudfront = shop.site.client("cloudfront")
    before = cloudfront.get_distribution_config(Id=shop.own.distribution)["DistributionConfig"]

    await shop.first()

    after = cloudfront.get_distribution_config(Id=shop.own.distribution)["DistributionConfig"]
    before["Origins"]["Items"][0]["OriginPath"] = f"/releases/web/{ONE.tree}"
    assert after == before


async def test_what_the_distribution_answers_is_as_its_service_model_says(shop: Shop) -> None:
    from botocore.validate import ParamValidator  # pyright: ignore

    await shop.first()
    cloudfront, name = shop.site.client("cloudfront"), shop.own.distribution
    last = shop.invalidations()[-1].id
    told = {
        "GetDistribution": cloudfront.get_distribution(Id=name),
        "GetInvalidation": cloudfront.get_invalidation(DistributionId=name, Id=last),
    }

    for operation, answer in told.items():
        shape = cloudfront.meta.service_model.operation_model(operation).output_shape
        answer.pop("ResponseMetadata")
        assert not ParamValidator().validate(answer, shape).has_errors()


async def test_a_path_that_somebody_changed_is_named_and_left(shop: Shop) -> None:
    await shop.first()
    shop.point("/by-hand")

    with pytest.raises(ChangedMeanwhile, match=f"somebody else has {shop.own.distribution} show /by-hand"):
        await shop.do(SWITCH)

    assert (shop.path(), (await shop.running()).weights) == ("/by-hand", {"/by-hand": 100})


async def test_what_a_first_deployment_takes_the_place_of_is_told(shop: Shop) -> None:
    shop.point("/by-hand")
    await shop.build(ONE)
    await shop.do(START)
    said: list[str] = []

    await shop.provider.apply(shop.web, BLUE_LIVE, said.append)

    assert f"web: {shop.own.distribution} showed /by-hand until now" in said


async def test_shares_that_were_seen_on_the_way_can_be_gone_back_to(shop: Shop) -> None:
    await shop.first()

    await shop.do(SetTraffic(component="web", was={"blue": 100}, weights={"green": 99, "blue": 1}))

    assert (await shop.running()).weights == {"green": 100}


async def test_a_race_that_is_lost_is_named_and_nothing_is_overwritten(shop: Shop) -> None:
    await shop.first()
    shop.site.front.after[f"GET {shop.config}"] = lambda: shop.point("/by-hand")

    with pytest.raises(ChangedMeanwhile, match="at the same time; it shows /by-hand, and was to show /rel"):
        await shop.do(SWITCH)

    assert shop.path() == "/by-hand"


@pytest.mark.parametrize("is_made", [True, False])
async def test_a_worker_that_is_killed_before_the_invalidation_asks_for_it_once(
    shop: Shop, is_made: bool
) -> None:
    await shop.first()
    before = len(shop.invalidations())
    shop.trouble(f"POST {shop.config}/invalidation", "InternalError", status=500, is_made=is_made)
    with pytest.raises(Unreachable, match="CreateInvalidation"):
        await shop.do(SWITCH)
    assert (await shop.running()).weights == {"green": 99, "blue": 1}

    await shop.another().apply(shop.web, SWITCH, silent)

    assert (shop.page(), len(shop.invalidations()) - before) == ("<h1>v2</h1>", 1)
    assert shop.asked("PUT").count(f"PUT {shop.config}/config") == 2  # to v1, and to v2
    assert holds(SWITCH, await shop.running())


async def test_an_update_whose_answer_was_lost_is_gone_on_with(shop: Shop) -> None:
    await shop.first()
    shop.trouble(f"PUT {shop.config}/config", "InternalError", status=500, is_made=True)
    with pytest.raises(Unreachable, match="UpdateDistribution"):
        await shop.do(SWITCH)
    assert not holds(SWITCH, await shop.running())

    await shop.do(SWITCH)

    assert shop.page() == "<h1>v2</h1>"


async def test_an_update_that_was_not_made_leaves_what_was(shop: Shop) -> None:
    await shop.first()
    shop.trouble(f"PUT {shop.config}/config", "InternalError", status=500)
    with pytest.raises(Unreachable):
        await shop.do(SWITCH)

    assert (await shop.running()).weights == {"blue": 100}


async def test_a_distribution_that_is_not_deployed_in_time_is_told_and_there_is_a_way_back(
    opened: Opening,
) -> None:
    shop = opened(switch_seconds=1)
    await shop.first()
    shop.site.edge.is_stuck = True

    with pytest.raises(StartFailed, match=f"{shop.own.distribution} is InProgress after 1 s"):
        await shop.do(SWITCH)

    assert not holds(SWITCH, await shop.running())
    shop.site.edge.is_stuck = False
    await shop.do(BACK)
    assert holds(BACK, await shop.running())


async def test_an_invalidation_that_does_not_end_is_told(opened: Opening) -> None:
    shop = opened(switch_seconds=1)
    await shop.first()
    shop.site.edge.is_forgetful = True

    with pytest.raises(StartFailed, match="the invalidation .* is InProgress after 1 s"):
        await shop.do(SWITCH)


async def test_a_release_whose_objects_are_gone_is_not_shown(shop: Shop) -> None:
    await shop.first()
    shop.remove(shop.key(TWO, "index.html"))

    with pytest.raises(StartFailed, match="index.html is not there any more"):
        await shop.do(SWITCH)

    assert shop.page() == "<h1>v1</h1>"


@pytest.mark.parametrize(
    ("code", "status", "error", "said"),
    [
        ("ExpiredToken", 403, CredentialsExpired, "AWS_KEY, AWS_SECRET has expired"),
        ("AccessDenied", 403, AccessDenied, "cloudfront:CreateInvalidation"),
        ("TooManyInvalidationsInProgress", 400, RateLimited, "TooManyInvalidationsInProgress"),
    ],
)
async def test_an_invalidation_that_is_refused_is_named(
    shop: Shop, code: str, status: int, error: type[OutsideFailed], said: str
) -> None:
    await shop.first()
    shop.trouble(f"POST {shop.config}/invalidation", *[code] * 4, status=status)

    with pytest.raises(error, match=said):
        await shop.do(SWITCH)

    assert not holds(SWITCH, await shop.running())


async def test_credentials_that_expire_before_the_switch_leave_what_is_shown_and_it_goes_on_with_new_ones(
    shop: Shop,
) -> None:
    await shop.first()
    shop.trouble(f"PUT {shop.config}/config", "ExpiredToken", status=403)

    with pytest.raises(CredentialsExpired, match="cloudfront:UpdateDistribution") as told:
        await shop.do(SWITCH)

    assert told.value.cure == "renew the secrets AWS_KEY, AWS_SECRET, and go on"
    assert (shop.page(), (await shop.running()).weights) == ("<h1>v1</h1>", {"blue": 100})
    await shop.do(SWITCH)
    assert shop.page() == "<h1>v2</h1>"


async def test_a_distribution_that_is_not_there_is_told(shop: Shop) -> None:
    web = shop.web.model_copy(update={"cloudfront": shop.own.model_copy(update={"distribution": "E1"})})

    with pytest.raises(ObjectMissing, match="NoSuchDistribution"):
        await shop.provider.running(web)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"origin": "other"}, "has the origins site, and `origin` says 'other'"),
        ({"bucket": "a-b"}, "not the"),
    ],
)
async def test_an_origin_that_is_not_our_bucket_is_told(shop: Shop, wrong: dict[str, Any], said: str) -> None:
    web = shop.web.model_copy(update={"cloudfront": shop.own.model_copy(update=wrong)})

    with pytest.raises(OutsideFailed, match=said):
        await shop.provider.running(web)


async def test_what_a_site_cannot_is_refused(shop: Shop) -> None:
    await shop.first()
    halves = SetTraffic(component="web", was={"blue": 100}, weights={"blue": 50, "green": 50})
    for move in (
        halves,
        SetTraffic(component="web", was={"blue": 100}, weights={}),
        Stop(component="web", slot="blue", version=ONE, instances=1),
        START.model_copy(update={"instances": 2}),
        Verify(component="web", slot="blue", version=ONE),
    ):
        with pytest.raises(EffectRefused):
            await shop.do(move)

    assert (await shop.running()).weights == {"blue": 100}


async def test_forgetting_a_site_leaves_it_shown(shop: Shop) -> None:
    await shop.first()

    await shop.provider.stop_all(shop.web)

    assert ((await shop.running()).slots, shop.page()) == ((), "<h1>v1</h1>")
    await shop.do(GREEN)
