"""Hand-over to a blue-green Rollout, with the real controller: new pods stand beside the old ones first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from orchestrate.errors import StartFailed
from orchestrate.models.move import Stop
from tests.servers.kubernetes.site import Site
from tests.servers.kubernetes.workloads import image_of, phase_of, until
from tests.servers.sample_service import version
from tests.tools.providers.kubernetes.handing import Here

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(180)]

ONE, TWO = version("v1"), version("v2")
PROMOTE = "Paused: BlueGreenPause; a person lets it go on: kubectl argo rollouts promote shop --namespace"


@pytest.fixture
async def here(steered_site: Site, tmp_path: Path) -> AsyncGenerator[Here]:
    made = Here.at(steered_site, tmp_path, rollout="shop")
    await made.build(ONE)
    await made.build(TWO)
    yield made
    made.team.leave()


async def _begun(here: Here, **how: object) -> None:
    """Version one is in force, behind the Service."""
    here.team.make_service()
    await here.team.make_rollout(
        await here.image(ONE), strategy={"blueGreen": {"activeService": "shop", **how}}
    )
    await here.start("blue", ONE)
    await here.share({"blue": 100})


async def _is_behind_the_service(here: Here, image: str) -> None:
    await until(lambda: here.team.behind() == {image})


async def test_a_way_there_and_back_is_the_owners_two_switches(here: Here) -> None:
    await _begun(here, autoPromotionEnabled=True)

    await here.start("green", TWO)
    assert (await here.running()).weights == {"green": 100}
    await _is_behind_the_service(here, await here.image(TWO))
    await here.share({"blue": 100}, was={"green": 100})
    await here.do(Stop(component="web", slot="green", version=TWO, instances=1))

    running = await here.running()
    assert (running.weights, [one.name for one in running.slots]) == ({"blue": 100}, ["blue"])
    await _is_behind_the_service(here, await here.image(ONE))


async def test_a_switch_that_a_person_makes_is_told_with_its_command_and_left_to_them(here: Here) -> None:
    await _begun(here, autoPromotionEnabled=False)
    work = asyncio.create_task(here.start("green", TWO))
    await until(lambda: any(f"{PROMOTE} {here.team.namespace}" in one for one in here.said))

    running = await here.running()
    assert running.weights == {"blue": 100}
    assert [(one.name, one.is_healthy) for one in running.slots] == [("blue", True), ("green", False)]
    await _is_behind_the_service(here, await here.image(ONE))
    assert not work.done()
    here.team.promote()
    await work

    assert (await here.running()).weights == {"green": 100}
    await _is_behind_the_service(here, await here.image(TWO))


async def test_while_the_pods_of_before_are_there_nobody_is_asked_on_the_way_back(here: Here) -> None:
    await _begun(here, autoPromotionEnabled=False, scaleDownDelaySeconds=120)
    work = asyncio.create_task(here.start("green", TWO))
    await until(lambda: phase_of(here.team.rollout()) == "Paused")
    here.team.promote()
    await work

    await here.share({"blue": 100}, was={"green": 100})

    assert (await here.running()).weights == {"blue": 100}
    await _is_behind_the_service(here, await here.image(ONE))


async def test_a_switch_that_is_given_up_leaves_the_old_version_behind_the_service(here: Here) -> None:
    await _begun(here, autoPromotionEnabled=False)
    work = asyncio.create_task(here.start("green", TWO))
    await until(lambda: phase_of(here.team.rollout()) == "Paused")

    here.team.abort()
    with pytest.raises(StartFailed, match="the Rollout shop: Degraded: RolloutAborted"):
        await work

    assert (await here.running()).weights == {"blue": 100}
    assert image_of(here.team.rollout()) == await here.image(ONE)
    await _is_behind_the_service(here, await here.image(ONE))
