"""Hand-over to a Rollout, with the real controller of Argo Rollouts: it moves the pods, we the image."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import pytest

from orchestrate.errors import AccessDenied, ChangedMeanwhile, EffectRefused, OutsideFailed, StartFailed
from orchestrate.models.move import SetTraffic, Stop
from tests.servers.kubernetes.pods import Json
from tests.servers.kubernetes.site import Site
from tests.servers.kubernetes.workloads import ROLLOUTS, image_of, is_healthy, phase_of, until, with_image
from tests.servers.sample_service import version
from tests.tools.providers.kubernetes.handing import Here
from tools.provider import holds
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.slots import Slots, Wanted

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(180)]

ONE, TWO, BAD = version("v1"), version("v2"), version("bad", does="crash")
WAITS: Json = {"pause": {}}
HALF: Json = {"setWeight": 50}


@pytest.fixture
async def here(steered_site: Site, tmp_path: Path) -> AsyncGenerator[Here]:
    made = Here.at(steered_site, tmp_path, rollout="shop")
    await made.build(ONE)
    await made.build(TWO)
    yield made
    made.team.leave()


async def _stepped(here: Here) -> None:
    """Version one is in force, and the next one will wait for a person."""
    await here.team.make_rollout(await here.image(ONE), HALF, WAITS)
    await here.start("blue", ONE)
    await here.share({"blue": 100})


async def test_nothing_but_the_image_is_changed_and_its_owner_does_the_rest(here: Here) -> None:
    await here.team.make_rollout(await here.first())
    before = here.team.rollout()

    await here.start("blue", ONE)

    after, running = here.team.rollout(), await here.running()
    assert {**cast("Json", after["spec"]), "template": {}} == {**cast("Json", before["spec"]), "template": {}}
    assert image_of(after) == await here.image(ONE)
    assert (phase_of(after), running.weights) == ("Healthy", {"blue": 100})
    assert holds(here.move("blue", ONE), running)
    assert [one.tree for slot in running.slots for one in slot.instances] == [ONE.tree]


async def test_a_pause_for_a_person_is_shown_and_left_to_them(here: Here) -> None:
    await _stepped(here)
    work = asyncio.create_task(here.start("green", TWO))
    await until(lambda: any("kubectl argo rollouts promote shop" in one for one in here.said))

    running = await here.running()
    here.team.promote()
    await work

    assert running.weights == {"blue": 50, "green": 50}
    assert [one.healthy for slot in running.slots for one in slot.instances] == [True, False]
    assert (await here.running()).weights == {"green": 100}


async def test_the_way_back_is_the_image_before(here: Here) -> None:
    await _stepped(here)
    work = asyncio.create_task(here.start("green", TWO))
    await until(lambda: phase_of(here.team.rollout()) == "Paused")
    here.team.promote()
    await work

    await here.share({"blue": 100}, was={"green": 100}, promotes=True)
    await here.do(Stop(component="web", slot="green", version=TWO, instances=1))

    running = await here.running()
    assert (running.weights, [one.name for one in running.slots]) == ({"blue": 100}, ["blue"])
    assert image_of(here.team.rollout()) == await here.image(ONE)


async def test_an_aborted_update_ends_the_move_with_its_words_and_the_image_before(here: Here) -> None:
    await _stepped(here)
    work = asyncio.create_task(here.start("green", TWO))
    await until(lambda: phase_of(here.team.rollout()) == "Paused")

    here.team.abort()
    with pytest.raises(StartFailed, match="the Rollout shop: Degraded: RolloutAborted"):
        await work

    running = await here.running()
    assert (running.weights, [one.is_healthy for one in running.slots]) == ({"blue": 100}, [True])
    assert image_of(here.team.rollout()) == await here.image(ONE)


async def test_a_rollout_may_have_the_template_of_a_deployment(here: Here) -> None:
    template: Json = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "scaleDown": "onsuccess"}
    here.team.make_deployment(await here.image(ONE), "web")
    await here.team.make_rollout(await here.image(ONE), HALF, WAITS, workloadRef=template)
    before = cast("Json", here.team.rollout()["spec"])
    await here.start("blue", ONE)

    work = asyncio.create_task(here.start("green", TWO))
    await until(lambda: phase_of(here.team.rollout()) == "Paused")
    shared = (await here.running()).weights
    here.team.promote()
    await work
    await here.share({"blue": 100}, was={"green": 100}, promotes=True)

    assert (shared, (await here.running()).weights) == ({"blue": 50, "green": 50}, {"blue": 100})
    assert image_of(here.team.deployment("web")) == await here.image(ONE)
    assert here.team.rollout()["spec"] == before


async def test_a_version_that_crashes_is_told_with_what_its_pods_wrote(here: Here) -> None:
    await here.team.make_rollout(await here.first())
    await here.start("blue", ONE)
    await here.build(BAD, "crash")
    here.team.hurry()

    with pytest.raises(StartFailed, match="Degraded: ProgressDeadlineExceeded"):
        await here.start("green", BAD)

    assert any("cannot find the database" in one for one in here.said)
    assert (await here.running()).weights == {"blue": 100}


@pytest.mark.parametrize("is_asked", [False, True])
async def test_what_a_killed_worker_left_is_gone_on_with(here: Here, is_asked: bool) -> None:
    await here.team.make_rollout(await here.first())
    await here.start("blue", ONE)
    slots = Slots(Layout(here.root))
    slots.write("web", "green", Wanted(version=TWO, wanted=1, before=await here.image(ONE)))
    if is_asked:
        here.team.change(ROLLOUTS, "rollouts", "shop", with_image(await here.image(TWO)))

    await here.start("green", TWO)
    generation = cast("Json", here.team.rollout()["metadata"])["generation"]
    await here.start("green", TWO)

    assert (await here.running()).weights == {"green": 100}
    assert cast("Json", here.team.rollout()["metadata"])["generation"] == generation


async def test_an_image_that_somebody_else_set_is_named_and_left_alone(here: Here) -> None:
    first = await here.first()
    await here.team.make_rollout(first)
    await here.start("blue", ONE)
    here.team.change(ROLLOUTS, "rollouts", "shop", with_image(first))
    await until(lambda: is_healthy(here.team.rollout()))

    running, (lack,) = await here.running(), (await here.provider.resources()).lacks
    with pytest.raises(StartFailed, match=f"runs another version than we gave it: {first} instead of v1"):
        await here.start("green", TWO)
    with pytest.raises(ChangedMeanwhile, match="runs another version"):
        await here.share({"blue": 100}, was={"green": 100})

    assert [one.tree for slot in running.slots for one in slot.instances] == [first]
    assert "instead of v1 in blue" in lack
    assert image_of(here.team.rollout()) == first


async def test_an_image_that_somebody_sets_meanwhile_ends_the_move(here: Here) -> None:
    await _stepped(here)
    work = asyncio.create_task(here.start("green", TWO))
    await until(lambda: phase_of(here.team.rollout()) == "Paused")

    here.team.change(ROLLOUTS, "rollouts", "shop", with_image(await here.first()))
    with pytest.raises(ChangedMeanwhile, match="somebody else set it"):
        await work

    assert image_of(here.team.rollout()) == await here.first()


async def test_a_rollout_that_its_team_has_paused_is_not_given_anything(here: Here) -> None:
    await here.team.make_rollout(await here.first())
    here.team.change(ROLLOUTS, "rollouts", "shop", {"spec": {"paused": True}})

    with pytest.raises(StartFailed, match="does nothing: it is paused"):
        await here.start("blue", ONE)

    assert (await here.provider.resources()).lacks == (
        "the Rollout shop does nothing: it is paused (spec.paused)",
    )
    assert image_of(here.team.rollout()) == await here.first()


async def test_an_update_that_is_not_ours_is_not_overtaken(here: Here) -> None:
    await here.team.make_rollout(await here.first(), HALF, WAITS)
    here.team.change(ROLLOUTS, "rollouts", "shop", with_image(await here.image(TWO)))
    await until(lambda: phase_of(here.team.rollout()) == "Paused")

    with pytest.raises(StartFailed, match="which is not ours: Paused: CanaryPauseStep, step 2 of 2"):
        await here.start("blue", ONE)


async def test_the_first_version_goes_back_to_what_was_there_before_us(here: Here) -> None:
    await here.team.make_rollout(await here.first())
    await here.start("blue", ONE)

    await here.share({}, was={"blue": 100})

    assert image_of(here.team.rollout()) == await here.first()
    assert not (await here.running()).slots


async def test_two_versions_at_once_are_its_owners_business(here: Here) -> None:
    await here.team.make_rollout(await here.first())
    await here.start("blue", ONE)
    await here.start("green", TWO)

    with pytest.raises(EffectRefused, match="its owner shares the traffic"):
        await here.do(SetTraffic(component="web", was={}, weights={"blue": 50, "green": 50}))


async def test_what_is_missing_or_forbidden_is_said_before(here: Here) -> None:
    with pytest.raises(OutsideFailed, match="there is no Rollout shop in the namespace"):
        await here.running()
    await here.team.make_rollout(await here.first())
    here.team.allow("reader", verbs=["get", "list"])

    with pytest.raises(AccessDenied, match="cannot patch"):
        await here.asked_by("reader").lacks()

    here.team.allow("deployer", verbs=["get", "list"], patches=["rollouts"])
    assert await here.asked_by("deployer").lacks() == ()
