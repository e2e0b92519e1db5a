"""Hand-over to a Canary, with the real controller of Flagger: it moves the traffic, we the image."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import pytest

from orchestrate.errors import StartFailed
from tests.servers.kubernetes.pods import Json
from tests.servers.kubernetes.site import Site
from tests.servers.kubernetes.workloads import CANARIES, gate, image_of, phase_of, until
from tests.servers.sample_service import version
from tests.tools.providers.kubernetes.handing import Here
from tools.provider import holds

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(180)]

ONE, BAD = version("v1"), version("bad", does="crash")


@pytest.fixture
async def here(steered_site: Site, tmp_path: Path) -> AsyncGenerator[Here]:
    made = Here.at(steered_site, tmp_path, canary="shop")
    await made.build(ONE)
    yield made
    made.team.leave()


async def test_the_primary_has_the_image_when_the_move_is_done(here: Here) -> None:
    await here.team.make_canary(await here.first())
    before = cast("Json", here.team.deployment()["spec"])

    await here.start("blue", ONE)

    after, running = here.team.deployment(), await here.running()
    assert {**cast("Json", after["spec"]), "template": {}} == {**before, "template": {}}
    assert image_of(after) == image_of(here.team.deployment("shop-primary")) == await here.image(ONE)
    assert (phase_of(here.team.canary()), running.weights) == ("Succeeded", {"blue": 100})
    assert holds(here.move("blue", ONE), running)


async def test_what_flagger_gives_up_is_told_and_leaves_the_primary_as_it_was(here: Here) -> None:
    await here.team.make_canary(await here.first())
    await here.start("blue", ONE)
    await here.build(BAD, "crash")
    here.team.hurry(CANARIES, "canaries")

    with pytest.raises(StartFailed, match="the Canary shop: Failed: "):
        await here.start("green", BAD)

    running = await here.running()
    assert (running.weights, [one.is_healthy for one in running.slots]) == ({"blue": 100}, [True])
    assert image_of(here.team.deployment()) == await here.image(ONE)


@pytest.mark.parametrize(
    ("kind", "phase"), [("confirm-promotion", "WaitingPromotion"), ("confirm-rollout", "Waiting")]
)
async def test_a_webhook_that_does_not_let_it_go_on_is_waited_for(here: Here, kind: str, phase: str) -> None:
    first = await here.first()
    with gate() as people:
        webhook: Json = {"name": "people", "type": kind, "url": people.url}
        await here.team.make_canary(first, webhooks=[webhook])
        work = asyncio.create_task(here.start("blue", ONE))
        await until(lambda: any("its webhook waits for whoever confirms it" in one for one in here.said))

        assert (phase_of(here.team.canary()), people.asked > 0, work.done()) == (phase, True, False)
        assert image_of(here.team.deployment("shop-primary")) == first
        people.is_open = True
        await work

    assert phase_of(here.team.canary()) == "Succeeded"
    assert image_of(here.team.deployment("shop-primary")) == await here.image(ONE)
    assert (await here.running()).weights == {"blue": 100}
