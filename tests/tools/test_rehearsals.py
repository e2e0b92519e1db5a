"""Rehearsals: what is known of a version's way back, by what the environment before did with it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from orchestrate.models.change import Version
from orchestrate.models.deployment import Kind, Outcome, Request
from orchestrate.models.environment import Gates, Monitoring, Strategy
from orchestrate.models.rehearsed import Rehearsal, Trial
from tests.stories.places import WEB, quick, staging
from tests.stories.world import World, world
from tools.rehearsals import Rehearsals

PROMOTED = Gates(checks=("tests",), reviews=1, promoted_from="staging")
ASKED = Request(environment="production", requested_by="rob")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncGenerator[World]:
    short = staging(tmp_path, monitoring=Monitoring(period=2, sample=1, alerts=("errors",)))
    async with world(tmp_path, short, quick(tmp_path, gates=PROMOTED)) as made:
        yield made


async def staged(here: World, **words: object) -> Version:
    """Version two, verified in staging, whose settings are these."""
    here.environments["staging"] = here.environments["staging"].model_copy(update=words)
    here.forge.write("main", {"app.py": "two"}, "Version two")
    assert (await here.go(here.accept("staging", version="main").id)).outcome is Outcome.DEPLOYED
    return here.live("staging")


def told(here: World, version: Version | None, request: Request = ASKED) -> tuple[Rehearsal, ...]:
    survey = here.crew.survey
    return Rehearsals(here.store, survey.places).of(here.environments["production"], request, version)


async def test_what_staging_went_back_to_is_known(here: World) -> None:
    old = here.live("staging")

    (found,) = told(here, await staged(here))

    assert (found.trial, found.version) == (Trial.DONE, old)


async def test_a_rehearsal_stays_good_when_the_version_is_deployed_once_more(here: World) -> None:
    version = await staged(here)
    await here.go(here.accept("staging", version=version.commit).id)

    (found,) = told(here, version)

    assert found.trial is Trial.DONE


async def test_what_cannot_go_back_there_is_no_reason_against_it(here: World) -> None:
    (found,) = told(here, await staged(here, strategy=Strategy.RECREATE))

    assert (found.trial, found.why) == (Trial.IMPOSSIBLE, "recreate has stopped the version before by then")


async def test_a_first_version_there_has_nothing_to_go_back_to(here: World) -> None:
    here.providers["staging"].slots.clear()

    (found,) = told(here, await staged(here))

    assert (found.trial, found.why) == (Trial.IMPOSSIBLE, "it was the first version there")


async def test_a_component_that_is_not_there_cannot_be_tried_there(here: World) -> None:
    version = await staged(here)
    other = WEB.model_copy(update={"name": "api", "port": 8081})
    here.change_settings(components=(other,))

    (found,) = told(here, version)

    assert (found.trial, found.why) == (Trial.IMPOSSIBLE, "it has no such component")


async def test_what_could_have_gone_back_and_did_not_is_missing(here: World) -> None:
    version = await staged(here, rehearse_rollback=False)
    (chosen,) = told(here, version)
    here.environments["staging"] = here.environments["staging"].model_copy(update={"rehearse_rollback": True})

    (found,) = told(here, version)

    assert (chosen.trial, found.trial) == (Trial.OFF, Trial.MISSING)


async def test_bringing_a_version_in_its_own_place_is_no_rehearsal(here: World) -> None:
    first = here.live("staging")
    await here.go(here.accept("staging", version=first.commit).id)

    (found,) = told(here, first)

    assert (found.trial, found.why) == (Trial.MISSING, "it came there in the place of itself")


async def test_what_staging_did_not_verify_was_not_rehearsed(here: World) -> None:
    here.forge.write("main", {"app.py": "two"}, "Version two")

    (found,) = told(here, await here.forge.version("main"))

    assert (found.trial, found.why) == (Trial.MISSING, "this version was not verified there")


async def test_what_is_no_longer_known_is_not_taken_for_good(here: World) -> None:
    here.forge.write("main", {"app.py": "two"}, "Version two")
    version = await here.forge.version("main")
    here.store.verified.record("staging", "shop", version, "D0")

    ((known,), (unknown,)) = told(here, version), told(here, None)

    assert (known.trial, unknown.trial) == (Trial.UNTOLD, Trial.UNTOLD)


async def test_a_failure_before_the_rehearsal_tells_nothing_about_it(here: World) -> None:
    version, old = await staged(here), here.live("production")
    assert (await here.go(here.accept("staging", version=old.commit).id)).outcome is Outcome.DEPLOYED
    here.metrics.failing["green"] = 0.5
    failed = await here.go(here.accept("staging", version=version.commit).id)
    assert failed.outcome is Outcome.ROLLED_BACK

    (found,) = told(here, version)

    assert found.trial is Trial.DONE


async def test_where_nothing_is_promised_to_come_from_staging_nothing_is_demanded(here: World) -> None:
    version = await staged(here, rehearse_rollback=False)
    here.change_settings(gates=Gates(checks=("tests",)))
    (parent,) = here.store.deployments.latest(environment="staging")

    (found,) = told(here, version, ASKED.model_copy(update={"parent": parent.id}))

    assert found.trial is Trial.OFF
    assert told(here, version) == ()


async def test_a_rollback_and_other_places_than_production_are_not_asked(here: World) -> None:
    version = await staged(here)
    back = ASKED.model_copy(update={"kind": Kind.ROLLBACK})
    rehearsals = Rehearsals(here.store, here.crew.survey.places)

    assert told(here, version, back) == ()
    assert rehearsals.of(here.environments["staging"], ASKED, version) == ()
