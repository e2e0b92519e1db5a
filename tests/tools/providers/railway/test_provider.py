"""What the Railway provider makes of one service, and what it says when something goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace

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
    UnknownVersion,
    Unreachable,
)
from orchestrate.models.environment import Strategy
from orchestrate.models.move import Drain, Irreversible, Move, SetTraffic, Start, Stop, Verify
from orchestrate.strategies import moves
from tests.servers.railway import Fails
from tests.servers.sample_service import checkout, environment, silent
from tests.servers.vendor import Trouble
from tests.tools.providers.here import ONE, TWO
from tests.tools.providers.railway.conftest import Here
from tools.provider import holds

DEPLOY, UPDATE = "serviceInstanceDeployV2", "serviceInstanceUpdate"
SERVICE = "latestDeployment"


async def _do(here: Here, move: Move | Irreversible) -> bool:
    """Do it as it is done in earnest: not at all where the world shows it already."""
    provider = here.provider()
    if not isinstance(move, Start | Stop | SetTraffic | Drain):
        return False
    if holds(move, await provider.running(here.web)):
        return False
    await provider.apply(here.web, move, here.said.append)
    return True


async def test_a_version_is_deployed_by_its_digest_with_our_health_check(here: Here) -> None:
    await here.build(ONE)

    await here.start()

    assert (here.site.image, here.site.health) == (here.image(ONE), "/health")
    assert await here.weights() == {"blue": 100}
    assert await here.provider().tail(here.web, "blue", 5) == ("listening",)


async def test_a_rolling_plan_replaces_once_and_goes_back_once(here: Here) -> None:
    await here.build(ONE)
    await here.build(TWO)
    await here.start()
    shop = environment(here.root, here.web, strategy=Strategy.ROLLING)
    running = await here.running()
    plan = moves(shop, {"web": running}, TWO, {})

    done = [move for move in plan if await _do(here, move)]
    assert await here.weights() == {"green": 100}
    undone = [move for move in reversed(plan) if await _do(here, move.undo())]

    assert [one.kind for one in done if one.kind != "drain"] == ["start"]
    assert [one.kind for one in undone if one.kind != "drain"] == ["stop"]
    assert await here.weights() == {"blue": 100}
    assert (here.live["meta"], len(here.site.deployments)) == ({"image": here.image(ONE)}, 4)


async def test_traffic_that_goes_back_deploys_what_was_there_again(here: Here) -> None:
    await here.both()

    await here.share({"blue": 100}, was={"green": 100})

    assert here.site.image == here.image(ONE)
    assert await here.weights() == {"blue": 100}


async def test_the_way_back_is_gone_where_nobody_can_read_what_is_live(here: Here) -> None:
    await here.both()
    here.spoil("green")

    await here.share({"blue": 100}, was={"green": 100})
    await here.stop("green", TWO)

    assert (here.site.image, await here.weights()) == (here.image(ONE), {"blue": 100})


async def test_a_start_that_was_not_written_down_is_not_done_again(here: Here) -> None:
    await here.build(ONE)
    here.site.begin(here.image(ONE))
    here.site.settle()

    await here.start()

    assert len(here.site.deployments) == 2
    assert await here.weights() == {"blue": 100}


async def test_a_version_that_does_not_get_well_leaves_what_ran_and_its_image(here: Here) -> None:
    await here.build(ONE)
    await here.build(TWO, "crash")
    await here.start()

    with pytest.raises(StartFailed, match="FAILED: cannot find the database; crash: ended with 3"):
        await here.start("green", TWO)

    assert here.site.image == here.image(ONE)
    assert await here.weights() == {"blue": 100}


async def test_a_start_that_is_given_up_is_cancelled_at_railway(here: Here) -> None:
    await here.both()
    here.site.turns = 1000
    moving = asyncio.create_task(here.share({"blue": 100}))
    async with asyncio.timeout(10):
        while len(here.site.deployments) < 4:
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.05)

    moving.cancel()
    await asyncio.wait([moving])

    assert here.site.deployments["d4"]["status"] == "REMOVED"
    assert here.site.image == here.image(TWO)


async def test_a_deployment_that_somebody_elses_overtook_is_no_success(here: Here) -> None:
    await here.build(ONE)
    here.site.turns = 1000
    moving = asyncio.create_task(here.start())
    async with asyncio.timeout(10):
        while len(here.site.deployments) < 2:
            await asyncio.sleep(0.001)
    here.site.deployments["d2"]["status"] = "SKIPPED"

    with pytest.raises(ChangedMeanwhile, match=r"gave up d2 \(SKIPPED\): somebody else deployed"):
        await moving


async def test_what_somebody_else_deployed_is_shown_and_not_taken_away(here: Here) -> None:
    await here.both()
    here.site.begin("registry.example/eve")
    here.site.settle()

    assert await here.weights() == {"d4": 100}
    with pytest.raises(ChangedMeanwhile, match="d4 is live, which somebody else did"):
        await here.share({"blue": 100}, was={"green": 100})


async def test_an_image_that_is_not_what_was_built_is_another_version(here: Here) -> None:
    await here.build(ONE)
    await here.start()
    here.live["meta"] = {"image": "registry.example/evil"}

    (slot,) = (await here.running()).slots

    assert [one.tree for one in slot.instances] == ["registry.example/evil"]


async def test_a_service_that_crashes_later_is_not_well(here: Here) -> None:
    await here.build(ONE)
    await here.start()
    here.live["instances"] = [{"id": "i", "status": "CRASHED"}]

    (slot,) = (await here.running()).slots

    assert [(one.healthy, one.detail) for one in slot.instances] == [(False, "SUCCESS (CRASHED)")]


async def test_what_railway_cannot_is_refused(here: Here) -> None:
    await here.both()

    with pytest.raises(EffectRefused, match="one deployment, always"):
        await here.share({"blue": 50, "green": 50})
    with pytest.raises(EffectRefused, match="to nobody"):
        await here.share({})
    with pytest.raises(StartFailed, match="red has no healthy instance"):
        await here.share({"red": 100})
    with pytest.raises(EffectRefused, match="no move of a provider"):
        await here.provider().apply(here.web, Verify(component="web", slot="blue", version=ONE), silent)


async def test_a_version_that_was_not_built_is_not_deployed(here: Here) -> None:
    with pytest.raises(UnknownVersion):
        await here.start()
    with pytest.raises(ImageMissing, match="has no"):
        await here.provider().build(here.web, ONE, checkout(), silent)


@pytest.mark.parametrize("field", [UPDATE, DEPLOY])
async def test_a_lost_answer_to_what_was_done_is_read_back_and_nothing_is_sent_twice(
    here: Here, field: str
) -> None:
    await here.build(ONE)
    here.vendor.troubles.append(Trouble("POST", "/graphql", body=field, is_after=True))

    await here.start()

    assert (len(here.site.deployments), await here.weights()) == (2, {"blue": 100})


async def test_reads_that_show_what_was_before_are_waited_through(here: Here) -> None:
    here.site.lag = 2

    await here.both()
    await here.share({"blue": 100}, was={"green": 100})

    assert (await here.weights(), len(here.site.deployments)) == ({"blue": 100}, 4)
    await here.stop("blue")
    assert (await here.running()).slots == ()


async def test_a_start_that_goes_on_without_us_is_waited_for_and_not_made_again(here: Here) -> None:
    await here.build(ONE)
    silent = Trouble("POST", "/graphql", 503, times=3, body=r"deployment\(id")
    here.vendor.troubles.append(silent)
    here.site.turns = 20
    with pytest.raises(Unreachable):
        await here.start()

    await here.start()

    assert (len(here.site.deployments), await here.weights()) == (2, {"blue": 100})


async def test_a_start_that_goes_on_without_us_and_fails_leaves_the_image_of_what_runs(here: Here) -> None:
    await here.build(ONE)
    await here.build(TWO, "crash")
    await here.start()
    here.vendor.troubles.append(Trouble("POST", "/graphql", 503, times=3, body=r"deployment\(id"))
    here.site.turns = 20
    with pytest.raises(Unreachable):
        await here.start("green", TWO)

    with pytest.raises(StartFailed, match="FAILED"):
        await here.start("green", TWO)

    assert (len(here.site.deployments), here.site.image) == (3, here.image(ONE))
    assert await here.weights() == {"blue": 100}


@pytest.mark.parametrize("field", [UPDATE, DEPLOY])
async def test_a_lost_answer_to_what_was_not_done_is_unknown_and_never_success(
    here: Here, field: str
) -> None:
    await here.build(ONE)
    here.vendor.troubles.append(Trouble("POST", "/graphql", body=field))

    with pytest.raises(OutcomeUnknown, match="not to be seen after"):
        await here.start()

    assert len(here.site.deployments) == 1


async def test_a_fault_of_railways_own_with_the_status_200_may_have_been_done(here: Here) -> None:
    await here.build(ONE)
    here.site.fails.append(Fails(DEPLOY, "Problem processing request", is_after=True))

    await here.start()

    assert (len(here.site.deployments), await here.weights()) == (2, {"blue": 100})


@pytest.mark.parametrize(
    ("fails", "error", "said"),
    [
        (Fails(UPDATE, "Not Authorized"), AccessDenied, "does not let us at the service"),
        (Fails(UPDATE, "ServiceInstance not found"), OutsideFailed, "has no the service"),
        (Fails(UPDATE, "Variable $x is wrong", "BAD_USER_INPUT"), OutsideFailed, "refused the service"),
        (Fails(UPDATE, "Problem processing request"), OutcomeUnknown, "Problem processing request"),
        (Fails(DEPLOY, "Service deployment rate limit exceeded"), RateLimited, "asked too often"),
        (Fails(SERVICE, "Problem processing request"), Unreachable, "cannot tell about the service"),
    ],
)
async def test_a_no_with_the_status_200_is_no_success(
    here: Here, fails: Fails, error: type[OutsideFailed], said: str
) -> None:
    await here.build(ONE)
    here.site.fails += [replace(fails), replace(fails), replace(fails)]

    with pytest.raises(error, match=said):
        await here.start()

    assert len(here.site.deployments) == 1


@pytest.mark.parametrize("field", [UPDATE, DEPLOY])
async def test_a_limit_of_the_plan_is_told_and_the_service_and_its_image_stay(here: Here, field: str) -> None:
    await here.build(ONE)
    await here.build(TWO)
    await here.start()
    here.site.fails.append(Fails(field, "Free plan resource provision limit exceeded. Please upgrade!"))

    with pytest.raises(NoRoom, match="Railway has no room for the service .*: Free plan") as problem:
        await here.start("green", TWO)

    assert "the plan raised" in problem.value.cure
    assert (here.site.image, await here.weights()) == (here.image(ONE), {"blue": 100})
    assert len(here.site.deployments) == 2


@pytest.mark.parametrize("status", [402, 403])
async def test_a_limit_of_the_plan_that_is_told_at_the_door_is_one_too(here: Here, status: int) -> None:
    await here.both()
    told = Trouble(
        "POST", "/graphql", status, body=DEPLOY, said="the usage limit of the workspace is reached"
    )
    here.vendor.troubles.append(told)

    with pytest.raises(NoRoom, match="usage limit"):
        await here.share({"blue": 100}, was={"green": 100})

    assert (here.site.image, await here.weights()) == (here.image(TWO), {"green": 100})


@pytest.mark.parametrize(("status", "error"), [(401, AccessDenied), (403, AccessDenied), (503, Unreachable)])
async def test_what_is_refused_at_the_door_is_told(
    here: Here, status: int, error: type[OutsideFailed]
) -> None:
    here.vendor.troubles.append(Trouble("POST", "/graphql", status, times=9))

    with pytest.raises(error, match="Railway"):
        await here.running()


async def test_who_asks_too_often_waits_as_long_as_is_said_and_not_for_an_hour(here: Here) -> None:
    trouble = Trouble("POST", "/graphql", 429, headers={"Retry-After": "0"})
    here.vendor.troubles.append(trouble)
    await here.running()

    here.vendor.troubles.append(Trouble("POST", "/graphql", 429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimited) as problem:
        await here.running()

    assert (trouble.times, problem.value.retry_after) == (0, 3600)


async def test_a_token_that_is_not_taken_is_named_and_not_shown(here: Here) -> None:
    with pytest.raises(AccessDenied, match="Not Authorized") as problem:
        await replace(here, token="hush-hush").provider().running(here.web)  # noqa: S106  of nothing

    assert "the secret TOKEN" in problem.value.cure
    assert "hush" not in f"{problem.value}{problem.value.cure}"


async def test_the_token_of_an_account_is_sent_as_such(here: Here) -> None:
    here.site.scope = "account"
    own = here.web.railway
    assert own is not None
    here.web = here.web.model_copy(update={"railway": own.model_copy(update={"scope": "account"})})

    assert (await here.running()).slots == ()


async def test_a_version_can_be_the_artifact_that_ran_elsewhere(here: Here) -> None:
    digest = here.site.push(f"{here.site.registry}/shop:{TWO.commit}")

    found = await here.provider().adopt(here.web, ONE, digest, checkout(), here.said.append)
    await here.start()

    assert (found.digest, here.site.image) == (digest, here.image(TWO))
