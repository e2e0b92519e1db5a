"""The ecs provider and an AWS that refuses, throttles, forgets to answer or is silent."""

from __future__ import annotations

import pytest

from orchestrate.errors import (
    AccessDenied,
    CredentialsExpired,
    ObjectMissing,
    RateLimited,
    Unreachable,
)
from orchestrate.models.environment import Component
from orchestrate.models.move import Scale
from tests.servers.aws.site import KEYS
from tests.tools.providers.ecs.conftest import ONE, START, Shop
from tools.provider import holds

pytestmark = pytest.mark.slow


async def test_an_answer_that_is_lost_is_not_asked_for_again(shop: Shop) -> None:
    await shop.build(ONE)
    await shop.do(START)
    shop.trouble("UpdateService", "InternalError", status=500, is_made=True)
    two = Scale(component="web", slot="blue", version=ONE, was=1, instances=2)
    shop.site.front.asked.clear()

    with pytest.raises(Unreachable):
        await shop.do(two)

    assert shop.site.front.asked.count("UpdateService") == 2  # to two, and back to what was before
    await shop.do(two)
    assert holds(two, await shop.running())


async def test_a_move_that_is_throttled_is_made_in_the_end(shop: Shop) -> None:
    await shop.build(ONE)
    shop.trouble("CreateService", "ThrottlingException", "ThrottlingException")

    await shop.do(START)

    assert holds(START, await shop.running())


async def test_a_move_that_is_throttled_for_ever_is_told(shop: Shop) -> None:
    await shop.build(ONE)
    shop.trouble("CreateService", *["ThrottlingException"] * 9)

    with pytest.raises(RateLimited, match="ThrottlingException"):
        await shop.do(START)

    assert shop.site.front.asked.count("CreateService") == 4


async def test_what_may_not_be_done_is_named(shop: Shop) -> None:
    await shop.build(ONE)
    shop.trouble("RegisterTaskDefinition", "AccessDeniedException")

    with pytest.raises(AccessDenied, match="ecs:RegisterTaskDefinition") as told:
        await shop.do(START)

    assert told.value.cure == "allow ecs:RegisterTaskDefinition to the secrets AWS_KEY, AWS_SECRET"


async def test_credentials_that_expire_on_the_way_say_what_to_renew(shop: Shop) -> None:
    await shop.build(ONE)
    shop.trouble("CreateService", "ExpiredTokenException")

    with pytest.raises(CredentialsExpired, match="AWS_KEY, AWS_SECRET has expired") as told:
        await shop.do(START)

    assert told.value.cure == "renew the secrets AWS_KEY, AWS_SECRET, and go on"
    assert KEYS["AWS_SECRET"] not in str(told.value)


async def test_renewed_secrets_are_used_at_once(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    keys = dict(KEYS)
    provider = shop.another(keys)
    await provider.running(shop.web)

    keys["AWS_SECRET"] = "another secret"
    with caplog.at_level("INFO"):
        await provider.running(shop.web)

    assert "another secret" not in caplog.text


async def test_a_profile_that_is_not_there_is_no_way_to_the_machines_own_role(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a stranger's")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a stranger's")
    nobody = shop.own.aws.model_copy(update={"access_key": None, "secret_key": None, "profile": "nobody"})
    web = shop.web.model_copy(update={"ecs": shop.own.model_copy(update={"aws": nobody})})

    with pytest.raises(AccessDenied, match="the profile nobody gives no credentials"):
        await shop.provider.running(web)


async def test_a_cluster_that_is_not_there_is_told(shop: Shop) -> None:
    web = shop.web.model_copy(update={"ecs": shop.own.model_copy(update={"cluster": "nowhere"})})

    with pytest.raises(ObjectMissing, match="ClusterNotFoundException"):
        await shop.provider.running(web)


async def test_an_aws_that_does_not_answer_is_unreachable(shop: Shop) -> None:
    away = shop.own.aws.model_copy(update={"endpoint": "http://127.0.0.1:9"})
    web: Component = shop.web.model_copy(update={"ecs": shop.own.model_copy(update={"aws": away})})

    with pytest.raises(Unreachable, match="no answer"):
        await shop.provider.running(web)
