"""The ecs provider in trouble: images, tasks and targets that fail, and an AWS that refuses or is silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any  # botocore's clients have no types

import pytest

from orchestrate.errors import (
    AccessDenied,
    CredentialsExpired,
    EffectRefused,
    ImageMissing,
    NameTaken,
    ObjectMissing,
    OutsideFailed,
    RateLimited,
    StartFailed,
    Unreachable,
)
from orchestrate.models.aws import Ecs
from orchestrate.models.environment import Component
from orchestrate.models.move import Scale, SetTraffic, Start, Stop, Verify
from orchestrate.models.runtime import Running
from orchestrate.models.smoke import HealthCheck
from tests.servers.aws.front import Trouble
from tests.servers.aws.site import KEYS, Site
from tests.servers.sample_service import checkout, component, environment, silent, version
from tools.provider import holds
from tools.providers.ecs.provider import EcsProvider
from tools.systems import aws

pytestmark = pytest.mark.slow

ONE, TWO = version("v1"), version("v2")
START = Start(component="web", slot="blue", version=ONE, instances=1)
GREEN = Start(component="web", slot="green", version=TWO, instances=1)
HALVES = SetTraffic(component="web", was={}, weights={"blue": 50, "green": 50})


class Shop:
    """A component in the account, and what a test does with it."""

    def __init__(self, site: Site, folder: Path, own: Ecs | None = None, start_seconds: int = 20) -> None:
        self.site, self.own, self.folder = site, own or site.ecs(), folder
        health = HealthCheck(start_seconds=start_seconds)
        self.web = component(provider="ecs", run=(), ecs=self.own, health=health)
        self.provider = self.another()

    def another(self, secrets: Mapping[str, str] = KEYS) -> EcsProvider:
        """A provider of another worker, with the same folder."""
        return EcsProvider(environment(self.folder, self.web), secrets.__getitem__, again=0.05)

    async def build(self, *versions: Any, does: str = "serve") -> None:
        for one in versions:
            self.site.publish(self.own.cluster, one, does)
            await self.provider.build(self.web, one, checkout(), silent)

    async def do(self, *moves: Any) -> None:
        for move in moves:
            await self.provider.apply(self.web, move, silent)

    async def running(self) -> Running:
        return await self.provider.running(self.web)

    def revisions(self) -> list[str]:
        ecs = self.site.client("ecs")
        return ecs.list_task_definitions(familyPrefix=f"{self.own.service}-versions")["taskDefinitionArns"]

    def trouble(self, operation: str, *codes: str, **words: Any) -> None:
        self.site.front.troubles[operation] = [Trouble(code, **words) for code in codes]


@pytest.fixture
def shop(aws_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(aws, "PAUSES", (0.05, 0.05, 0.05))
    aws_site.front.calm()
    yield Shop(aws_site, tmp_path)
    aws_site.front.calm()
    aws_site.cluster.is_frozen = False


async def test_a_tag_that_is_not_there_is_no_version(shop: Shop) -> None:
    with pytest.raises(ImageMissing, match=r"the registry has no .*:") as told:
        await shop.provider.build(shop.web, ONE, checkout(), silent)

    assert "push the image" in told.value.cure


async def test_an_image_that_cannot_be_pulled_is_told_with_its_cure(shop: Shop) -> None:
    await shop.build(ONE, does="missing")

    with pytest.raises(StartFailed, match="CannotPullContainerError") as told:
        await shop.do(START)

    assert "execution role may pull it" in told.value.cure
    assert (await shop.running()).slots == ()


async def test_tasks_that_stop_again_and_again_are_told_by_the_circuit_breaker(shop: Shop) -> None:
    await shop.build(ONE, does="crash")

    with pytest.raises(StartFailed, match="ended with 3 .*circuit breaker"):
        await shop.do(START)

    assert not holds(START, await shop.running())


async def test_targets_that_are_never_healthy_are_told_by_the_load_balancer(shop: Shop) -> None:
    await shop.build(ONE, does="sick")

    with pytest.raises(StartFailed, match="ELB health checks") as told:
        await shop.do(START)

    assert "security groups" in told.value.cure


async def test_what_does_not_become_healthy_in_time_is_told_by_name(aws_site: Site, tmp_path: Path) -> None:
    shop = Shop(aws_site, tmp_path, start_seconds=1)
    await shop.build(ONE)
    aws_site.cluster.is_frozen = True

    with pytest.raises(StartFailed, match="0 instead of 1 tasks run after 1 s"):
        await shop.do(START)

    aws_site.cluster.is_frozen = False


async def test_only_the_image_of_the_template_is_exchanged(shop: Shop) -> None:
    await shop.build(ONE)
    await shop.do(START)

    told = shop.site.client("ecs").describe_task_definition(taskDefinition=shop.revisions()[-1])
    box = told["taskDefinition"]["containerDefinitions"][0]
    assert box["environment"] == [{"name": "KEPT", "value": "yes"}]
    assert "@sha256:" in box["image"]
    assert (told["taskDefinition"]["cpu"], told["taskDefinition"]["memory"]) == ("256", "512")


async def test_a_worker_killed_between_register_and_create_registers_once(shop: Shop) -> None:
    await shop.build(ONE)
    shop.trouble("CreateService", "InternalError", status=500)
    with pytest.raises(Unreachable, match="CreateService"):
        await shop.do(START)

    await shop.another().apply(shop.web, START, silent)

    assert len(shop.revisions()) == 1
    assert holds(START, await shop.running())


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


async def test_weights_that_somebody_else_changes_at_the_same_time_are_told(shop: Shop) -> None:
    await shop.build(ONE, TWO)
    await shop.do(START, GREEN)
    shop.site.front.after["ModifyRule"] = lambda: _weigh(shop, 7, 3)

    with pytest.raises(NameTaken, match="somebody else changed its weights"):
        await shop.do(HALVES)

    shop.site.front.calm()


async def test_weights_that_somebody_else_changed_before_are_told_and_put_right(shop: Shop) -> None:
    await shop.build(ONE, TWO)
    await shop.do(START, GREEN, HALVES)
    _weigh(shop, 9, 1)
    said: list[str] = []
    move = SetTraffic(component="web", was={"blue": 50, "green": 50}, weights={"green": 100})

    await shop.provider.apply(shop.web, move, said.append)

    assert "somebody else changed the rule: it had {'blue': 90, 'green': 10}" in said[-1]
    assert (await shop.running()).weights == {"green": 100}


async def test_a_rule_that_forwards_to_somebody_else_too_is_not_touched(shop: Shop) -> None:
    await shop.build(ONE)
    await shop.do(START)
    assert shop.own.target_groups is not None
    strange = shop.own.target_groups.model_copy(
        update={"blue": shop.own.target_groups.green, "green": "arn:x"}
    )
    web = shop.web.model_copy(update={"ecs": shop.own.model_copy(update={"target_groups": strange})})

    with pytest.raises(NameTaken, match="forwards to arn:.*blue"):
        await shop.provider.running(web)


async def test_an_action_keeps_what_is_not_ours(shop: Shop) -> None:
    await shop.build(ONE, TWO)
    await shop.do(START, GREEN)
    stickiness = {"Enabled": True, "DurationSeconds": 600}
    _weigh(shop, 1, 0, TargetGroupStickinessConfig=stickiness)

    await shop.do(HALVES)

    assert _rule(shop)["ForwardConfig"]["TargetGroupStickinessConfig"] == stickiness


async def test_a_task_that_runs_another_image_is_found_out(shop: Shop) -> None:
    await shop.build(ONE)
    await shop.do(START)
    records = next(shop.folder.glob("images/web/*.json"))
    records.write_text(records.read_text().replace("@sha256:", "@sha256:0"))

    slot = (await shop.another().running(shop.web)).slot("blue")

    assert slot is not None
    assert "@sha256:" in slot.instances[0].tree


async def test_a_cluster_that_is_not_there_is_told(shop: Shop) -> None:
    web = shop.web.model_copy(update={"ecs": shop.own.model_copy(update={"cluster": "nowhere"})})

    with pytest.raises(ObjectMissing, match="ClusterNotFoundException"):
        await shop.provider.running(web)


async def test_a_template_with_several_containers_wants_a_name(shop: Shop) -> None:
    boxes = [{"name": name, "image": "x"} for name in ("web", "sidecar")]
    shop.site.client("ecs").register_task_definition(
        family="two", networkMode="awsvpc", cpu="256", memory="512", containerDefinitions=boxes
    )
    await shop.build(ONE)
    web = shop.web.model_copy(update={"ecs": shop.own.model_copy(update={"template": "two"})})

    with pytest.raises(OutsideFailed, match="web, sidecar"):
        await shop.provider.apply(web, START, silent)


async def test_nothing_but_moves_of_a_provider_is_done(shop: Shop) -> None:
    with pytest.raises(EffectRefused, match="no move of a provider"):
        await shop.do(Verify(component="web", slot="blue", version=ONE))


async def test_an_aws_that_does_not_answer_is_unreachable(shop: Shop) -> None:
    away = shop.own.aws.model_copy(update={"endpoint": "http://127.0.0.1:9"})
    web: Component = shop.web.model_copy(update={"ecs": shop.own.model_copy(update={"aws": away})})

    with pytest.raises(Unreachable, match="no answer"):
        await shop.provider.running(web)


async def test_stopping_twice_is_stopping_once(shop: Shop) -> None:
    await shop.build(ONE)
    await shop.do(START)
    stop = Stop(component="web", slot="blue", version=ONE, instances=1)

    await shop.do(stop, stop)

    assert holds(stop, await shop.running())


def _rule(shop: Shop) -> Any:
    told = shop.site.client("elbv2").describe_rules(RuleArns=[shop.own.rule])
    return told["Rules"][0]["Actions"][0]


def _weigh(shop: Shop, blue: int, green: int, **config: Any) -> None:
    assert shop.own.target_groups is not None
    groups = [(shop.own.target_groups.blue, blue), (shop.own.target_groups.green, green)]
    weights = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups]
    action = {"Type": "forward", "Order": 1, "ForwardConfig": {"TargetGroups": weights, **config}}
    shop.site.front.after.clear()
    shop.site.client("elbv2").modify_rule(RuleArn=shop.own.rule, Actions=[action])


async def test_the_image_of_another_environment_is_adopted_by_its_digest(shop: Shop) -> None:
    proven = shop.site.publish(shop.own.cluster, ONE)

    found = await shop.provider.adopt(shop.web, TWO, proven, checkout(), silent)

    assert found.location.endswith(f"@{proven}")
    with pytest.raises(ImageMissing, match="the registry has no .*@sha256:0"):
        await shop.provider.adopt(shop.web, TWO, f"sha256:{'0' * 64}", checkout(), silent)
