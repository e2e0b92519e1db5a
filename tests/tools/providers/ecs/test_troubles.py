"""The ecs provider in trouble: images, tasks and targets that fail, and workers that are killed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from orchestrate.errors import (
    EffectRefused,
    ImageMissing,
    NoRoom,
    OutsideFailed,
    StartFailed,
    Unreachable,
)
from orchestrate.models.move import SetTraffic, Stop, Verify
from tests.servers.aws.site import Site
from tests.servers.sample_service import checkout, silent
from tests.tools.providers.ecs.conftest import GREEN, ONE, START, TWO, Shop
from tools.provider import holds

pytestmark = pytest.mark.slow

ALL = SetTraffic(component="web", was={}, weights={"blue": 100})
STOP = Stop(component="web", slot="blue", version=ONE, instances=1)
MEMORY = (
    "(service web) was unable to place a task because no container instance met all of its requirements."
    " The closest matching container-instance 9c has insufficient memory available."
)
ENI = (
    "(service web) was unable to place a task because no container instance met all of its requirements."
    ' The closest matching container-instance 9c encountered error "RESOURCE:ENI".'
)
SPENT = (
    "(service web) was unable to place a task."
    " Reason: You've reached the limit on the number of vCPUs you can run concurrently."
)


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


@pytest.mark.parametrize("said", [MEMORY, ENI, SPENT])
async def test_tasks_for_which_there_is_no_room_are_told_in_the_words_of_ecs_and_traffic_stays(
    aws_site: Site, shop: Shop, tmp_path: Path, said: str
) -> None:
    shop = Shop(aws_site, tmp_path, shop.own, start_seconds=3)
    await shop.build(ONE)
    await shop.do(START, ALL)
    await shop.build(TWO, does=said)

    with pytest.raises(NoRoom, match="0 instead of 1 tasks run") as told:
        await shop.do(GREEN)

    assert said in str(told.value)
    assert "give the cluster room, have the quota raised" in told.value.cure
    running = await shop.running()
    assert (running.weights, [one.name for one in running.slots]) == ({"blue": 100}, ["blue"])


async def test_what_the_service_said_of_an_earlier_start_is_no_cause_of_this_one(shop: Shop) -> None:
    await shop.build(ONE)
    await shop.do(START, STOP)
    service = shop.site.cluster.ecs.services[f"{shop.own.cluster}:{shop.own.service}-blue"]
    shop.site.cluster.say(service, MEMORY)
    await asyncio.sleep(1.1)  # the service's clock tells whole seconds
    await shop.build(TWO, does="crash")

    with pytest.raises(StartFailed, match="ended with 3") as told:
        await shop.do(START.model_copy(update={"version": TWO}))

    assert "unable to place" not in str(told.value)


async def test_a_quota_of_the_account_is_told_and_is_not_asked_for_again(shop: Shop) -> None:
    await shop.build(ONE)
    shop.trouble("CreateService", *["LimitExceededException"] * 4)

    with pytest.raises(NoRoom, match="ecs:CreateService: LimitExceededException") as told:
        await shop.do(START)

    assert "quota" in told.value.cure
    assert shop.site.front.asked.count("CreateService") == 1


@pytest.mark.parametrize("wanted", [1, 3])
async def test_a_number_of_tasks_that_somebody_else_changes_meanwhile_ends_the_move(
    aws_site: Site, shop: Shop, tmp_path: Path, wanted: int
) -> None:
    shop = Shop(aws_site, tmp_path, shop.own, start_seconds=4)
    await shop.build(ONE)
    two = START.model_copy(update={"instances": 2})
    name = f"{shop.own.service}-blue"

    def scale() -> None:
        shop.site.front.after.clear()
        shop.site.client("ecs").update_service(cluster=shop.own.cluster, service=name, desiredCount=wanted)

    shop.site.front.after["CreateService"] = scale
    with pytest.raises(StartFailed, match=f"{name} wants {wanted} tasks and not 2") as told:
        await shop.do(two)

    assert "scaling" in told.value.cure
    assert not holds(two, await shop.running())


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


async def test_a_task_that_runs_another_image_is_found_out(shop: Shop) -> None:
    await shop.build(ONE)
    await shop.do(START)
    records = next(shop.folder.glob("images/web/*.json"))
    records.write_text(records.read_text().replace("@sha256:", "@sha256:0"))

    slot = (await shop.another().running(shop.web)).slot("blue")

    assert slot is not None
    assert "@sha256:" in slot.instances[0].tree


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


async def test_stopping_twice_is_stopping_once(shop: Shop) -> None:
    await shop.build(ONE)
    await shop.do(START)
    stop = Stop(component="web", slot="blue", version=ONE, instances=1)

    await shop.do(stop, stop)

    assert holds(stop, await shop.running())


async def test_the_image_of_another_environment_is_adopted_by_its_digest(shop: Shop) -> None:
    proven = shop.site.publish(shop.own.cluster, ONE)

    found = await shop.provider.adopt(shop.web, TWO, proven, checkout(), silent)

    assert found.location.endswith(f"@{proven}")
    with pytest.raises(ImageMissing, match="the registry has no .*@sha256:0"):
        await shop.provider.adopt(shop.web, TWO, f"sha256:{'0' * 64}", checkout(), silent)
