"""App Platform's deployments: what takes whose place, what goes wrong, what somebody else does meanwhile."""

from __future__ import annotations

import pytest

from orchestrate.errors import (
    ChangedMeanwhile,
    OutcomeUnknown,
    StartFailed,
)
from orchestrate.models.move import Irreversible, Scale
from tests.servers.digitalocean import FIRST
from tests.servers.vendor import Trouble
from tests.tools.providers.digitalocean.ocean import BACK, Here
from tests.tools.providers.here import BAD, ONE, TWO


async def test_the_image_is_put_in_by_its_digest_and_all_else_in_the_app_stays(here: Here) -> None:
    workers = here.site.spec["workers"]
    built = await here.build(ONE)

    await here.start(instances=2)

    assert here.image() == {"registry_type": "DOCR", "repository": "shop", "digest": built.digest}
    assert (here.site.spec["workers"], here.site.web()["http_port"]) == (workers, 8080)
    assert here.site.web()["health_check"] == {"http_path": "/health"}


async def test_a_plan_brings_a_version_in_and_its_undo_goes_back_to_the_deployment_before(here: Here) -> None:
    await here.serving()
    moves = await here.plan(TWO)

    for move in moves:
        await here.do(move)
    assert (await here.running()).weights == {"green": 100}

    for undo in (move.undo() for move in reversed(moves)):
        if not isinstance(undo, Irreversible):
            await here.do(undo)
    running = await here.running()
    assert (running.weights, [one.version for one in running.slots]) == ({"blue": 100}, [ONE])
    assert here.vendor.count("POST", BACK) == 1
    assert here.changes == 3  # the first one, the next one, and the way back: each once


async def test_the_way_back_is_gone_where_nobody_can_read_what_is_live(here: Here) -> None:
    await here.serving()
    await here.scale("blue", 1, 2)
    await here.start("green", TWO, 2)
    here.spoil("green")
    assert [(one.name, one.version, one.wanted) for one in (await here.running()).slots] == [
        ("green", None, 2)
    ]

    await here.share({"blue": 100}, was={"green": 100})
    await here.stop("green", TWO)

    (slot,) = (await here.running()).slots
    assert (slot.version, slot.wanted, await here.weights()) == (ONE, 2, {"blue": 100})


async def test_where_the_way_back_would_not_lead_to_the_same_the_spec_is_given_anew(here: Here) -> None:
    await here.serving()
    await here.stop()
    await here.start("green", TWO)
    await here.stop("green", TWO)
    here.site.warns = True

    await here.start()

    assert (here.vendor.count("POST", BACK), here.vendor.count("PUT", "/apps/")) == (0, 3)


async def test_a_version_that_does_not_get_well_is_told_in_their_words_and_the_app_is_as_it_was(
    here: Here,
) -> None:
    await here.serving()
    before = dict(here.image())
    await here.build(BAD, "crash")
    await here.stop()

    with pytest.raises(StartFailed, match=r"could not deploy it \(dep3\): web: health checks failed"):
        await here.start("green", BAD)

    here.site.settle()
    assert (here.image(), here.site.web()["image"]) == (before, before)
    await here.start()
    assert (await here.running()).weights == {"blue": 100}


@pytest.mark.parametrize(("does", "why"), [("hang", "DEPLOYING"), ("limp", "0 of 1 instances are well")])
async def test_a_health_that_never_comes_is_not_waited_for_for_ever(here: Here, does: str, why: str) -> None:
    await here.build(ONE, does)

    with pytest.raises(StartFailed, match=f"dep2 is not well after 1 s: {why}"):
        await here.start()

    here.site.settle()
    assert here.image().get("tag") == "first"


async def test_who_deploys_while_ours_is_under_way_has_the_last_word(here: Here) -> None:
    await here.build(ONE)

    def overtake() -> None:
        here.site.push("elsewhere:1")
        here.site.put(here.site.images["elsewhere:1"])

    here.vendor.troubles.append(Trouble("GET", "/deployments/dep2", before=overtake))

    with pytest.raises(ChangedMeanwhile, match="somebody else deployed the app while dep2 was under way"):
        await here.start()

    here.site.settle()
    assert here.image()["digest"] == here.site.images["elsewhere:1"]


async def test_what_somebody_else_deployed_is_shown_and_not_taken_away(here: Here) -> None:
    await here.serving()
    eve = here.site.put(FIRST)
    here.site.settle()

    assert (await here.running()).weights == {eve: 100}
    for weights in ({}, {"blue": 100}):
        with pytest.raises(ChangedMeanwhile, match=f"the app runs {eve}, which somebody else deployed"):
            await here.share(weights, was={"blue": 100})
    with pytest.raises(StartFailed, match="blue has no healthy instance"):
        await here.share({"blue": 100})


async def test_an_app_that_somebody_holds_at_a_rollback_is_left_alone(here: Here) -> None:
    await here.build(ONE)
    here.site.pinned = "dep1"

    with pytest.raises(ChangedMeanwhile, match="took the app back to dep1, and holds it there"):
        await here.start()

    assert here.changes == 0


async def test_somebody_elses_deployment_is_waited_for_and_not_for_ever(here: Here) -> None:
    await here.build(ONE)
    here.site.deploy()
    await here.start()
    await here.stop()

    here.site.does[FIRST] = "hang"
    here.site.put(FIRST)
    with pytest.raises(ChangedMeanwhile, match="the deployment dep4 of the app does not end"):
        await here.start()


@pytest.mark.parametrize("status", [0, 500])
async def test_a_lost_answer_to_a_new_spec_is_read_back_and_not_sent_again(here: Here, status: int) -> None:
    await here.build(ONE)
    here.vendor.troubles.append(Trouble("PUT", "/v2/apps/", status, is_after=True))

    await here.start()

    assert (here.changes, len(here.site.deployments)) == (1, 2)


async def test_a_lost_answer_to_one_that_was_not_taken_is_unknown_and_never_success(here: Here) -> None:
    await here.build(ONE)
    here.vendor.troubles.append(Trouble("PUT", "/v2/apps/"))

    with pytest.raises(OutcomeUnknown, match="no such deployment is to be seen"):
        await here.start()

    assert not (await here.running()).slots


async def test_a_lost_answer_to_the_way_back_is_read_back(here: Here) -> None:
    await here.serving()
    await here.stop()
    await here.start("green", TWO)
    await here.stop("green", TWO)
    here.vendor.troubles.append(Trouble("POST", BACK, is_after=True))

    await here.start()

    assert here.vendor.count("POST", BACK) == 1
    assert (await here.running()).slots[0].is_healthy


async def test_reads_that_show_what_was_before_are_waited_through(here: Here) -> None:
    here.vendor.lag = 2

    await here.serving()

    assert (await here.running()).weights == {"blue": 100}


async def test_the_number_of_instances_is_changed_and_nothing_else(here: Here) -> None:
    await here.serving()

    await here.do(Scale(component="web", slot="blue", version=ONE, was=1, instances=3))

    assert len((await here.running()).slots[0].instances) == 3


async def test_what_runs_already_and_is_not_well_has_not_started(here: Here) -> None:
    await here.serving()
    await here.stop()
    here.site.does[str(here.image()["digest"])] = "limp"

    with pytest.raises(StartFailed, match="0 of 1 instances are well"):
        await here.start()

    assert not (await here.running()).slots


async def test_an_app_has_one_version_at_a_time(here: Here) -> None:
    await here.serving()
    with pytest.raises(StartFailed, match="blue runs another version; it must be stopped before v2"):
        await here.start("blue", TWO)

    await here.start("green", TWO)

    assert [one.name for one in (await here.running()).slots] == ["green"]
    with pytest.raises(StartFailed, match="blue has no healthy instance"):
        await here.share({"blue": 50, "green": 50})


async def test_a_way_back_that_was_not_written_down_is_not_asked_for_again(here: Here) -> None:
    await here.serving()
    await here.start("green", TWO)
    slots = {one: one.read_bytes() for one in here.root.rglob("slots/**/*.json")}
    await here.share({"blue": 100}, was={"green": 100})
    for file, before in slots.items():
        file.write_bytes(before)
    asked = here.changes

    await here.share({"blue": 100}, was={"green": 100})

    assert slots and here.changes == asked
    assert (await here.running()).weights == {"blue": 100}


async def test_what_somebody_else_deployed_since_is_not_taken_away_by_the_way_back(here: Here) -> None:
    await here.serving()
    await here.start("green", TWO)
    eve = here.site.put(FIRST)
    here.site.settle()
    before = here.changes

    with pytest.raises(ChangedMeanwhile, match=f"the app runs {eve}, which somebody else deployed"):
        await here.share({"blue": 100}, was={"green": 100})

    assert here.changes == before


async def test_taking_the_traffic_from_everybody_says_that_the_app_goes_on_answering(here: Here) -> None:
    await here.serving()

    await here.share({}, was={"blue": 100})

    assert "goes on answering until another version takes its place" in here.said[-1]
    assert (await here.running()).weights == {"blue": 100}
