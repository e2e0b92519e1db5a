"""What App Platform refuses, and what is refused before it is asked."""

from __future__ import annotations

from typing import cast

import pytest

from orchestrate.errors import (
    AccessDenied,
    ChangedMeanwhile,
    EffectRefused,
    ImageAwaited,
    NoRoom,
    OutsideFailed,
    RateLimited,
    UnknownVersion,
    Unreachable,
)
from orchestrate.models.move import Verify
from tests.servers.openapi import Json
from tests.servers.sample_service import checkout, version
from tests.servers.vendor import Trouble
from tests.tools.providers.digitalocean.ocean import Here
from tests.tools.providers.here import ONE, TWO

THREE = version("v3")


def _gone(service: Json) -> None:
    service["name"] = "api"


def _built(service: Json) -> None:
    service["image"] = {}
    service["github"] = {"repo": "acme/shop"}


def _other(service: Json) -> None:
    service["image"] = {"registry_type": "GHCR", "registry": "acme", "repository": "shop", "tag": "1"}


def _scales(service: Json) -> None:
    service["autoscaling"] = {"min_instance_count": 1, "max_instance_count": 3}


def _pushed(service: Json) -> None:
    cast("Json", service["image"])["deploy_on_push"] = {"enabled": True}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_gone, "the app has no such service"),
        (_built, "its image is built by DigitalOcean, not"),
        (_other, "its image is acme/shop, not"),
        (_scales, "it scales by itself"),
        (_pushed, "turn off its deploy_on_push"),
    ],
)
async def test_a_service_that_is_not_ours_to_deploy_is_refused_when_it_is_built(
    here: Here, change: object, said: str
) -> None:
    assert callable(change)
    change(here.site.web())

    with pytest.raises(EffectRefused, match=said):
        await here.build(ONE)


async def test_what_was_not_built_or_not_pushed_does_not_start(here: Here) -> None:
    with pytest.raises(UnknownVersion):
        await here.start()
    with pytest.raises(ImageAwaited):
        await here.provider().build(here.web, ONE, checkout(), here.said.append)


async def test_what_is_no_move_of_a_provider_is_refused(here: Here) -> None:
    with pytest.raises(EffectRefused, match="no move of a provider"):
        await here.do(Verify(component="web", slot="blue", version=ONE))


async def test_a_token_that_is_not_taken_any_more_is_named_and_not_shown(here: Here) -> None:
    here.site.token = "another"  # noqa: S105

    with pytest.raises(AccessDenied, match="does not take our credentials") as problem:
        await here.running()

    assert "secret TOKEN" in problem.value.cure
    assert "token-of-digitalocean" not in f"{problem.value}{problem.value.cure}"


@pytest.mark.parametrize(
    ("status", "error"), [(403, AccessDenied), (409, ChangedMeanwhile), (422, OutsideFailed)]
)
async def test_a_new_spec_that_is_refused_has_not_happened(
    here: Here, status: int, error: type[OutsideFailed]
) -> None:
    await here.build(ONE)
    here.vendor.troubles.append(Trouble("PUT", "/v2/apps/", status))

    with pytest.raises(error, match="the spec of"):
        await here.start()

    assert (len(here.site.deployments), (await here.running()).slots) == (1, ())


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (402, "a payment method is needed"),
        (403, "you have reached the account limit of containers"),
        (422, "the instance limit of the plan is 2"),
    ],
)
async def test_a_limit_of_the_plan_is_told_and_the_app_stays(here: Here, status: int, said: str) -> None:
    await here.serving()
    before, spec = await here.weights(), here.site.spec
    here.vendor.troubles.append(Trouble("PUT", "/v2/apps/", status, said=said))

    with pytest.raises(NoRoom, match=f"DigitalOcean has no room for the spec of .*: {said}") as problem:
        await here.start("green", TWO)

    assert "the plan raised" in problem.value.cure
    assert (await here.weights(), here.site.spec) == (before, spec)


async def test_a_deployment_that_ends_for_want_of_quota_is_told_and_taken_back(here: Here) -> None:
    await here.serving()
    await here.build(THREE, "spent")

    with pytest.raises(NoRoom, match="the account limit of containers is reached"):
        await here.start("green", THREE)

    here.site.settle()
    assert await here.weights() == {"blue": 100}


async def test_an_app_that_is_not_there_is_named(here: Here) -> None:
    assert here.web.digitalocean is not None
    own = here.web.digitalocean.model_copy(update={"app": "x"})
    here.web = here.web.model_copy(update={"digitalocean": own})

    with pytest.raises(OutsideFailed, match="DigitalOcean has no the app x"):
        await here.running()


async def test_who_asks_too_often_waits_as_long_as_is_said_and_not_for_an_hour(here: Here) -> None:
    here.vendor.troubles.append(Trouble("GET", "/v2/apps/", 429, headers={"Retry-After": "0"}))
    await here.running()

    spent = {"RateLimit-Remaining": "0", "RateLimit-Reset": "99999999999"}
    here.vendor.troubles.append(Trouble("GET", "/v2/apps/", 429, headers=spent))
    with pytest.raises(RateLimited):
        await here.running()


@pytest.mark.parametrize("status", [0, 503])
async def test_an_app_platform_that_does_not_answer_is_unreachable_and_no_app_is_taken_for_gone(
    here: Here, status: int
) -> None:
    here.vendor.troubles += [Trouble("GET", "/v2/apps/", status, times=9)]

    with pytest.raises(Unreachable):
        await here.running()
