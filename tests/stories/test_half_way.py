"""Stories of rules that change while a release is half-way: a person decides."""

from __future__ import annotations

from pathlib import Path

from orchestrate.models.deployment import DecisionKind, ForApproval, Outcome
from orchestrate.models.environment import Environment
from orchestrate.models.windows import Freeze
from tests.stories.places import production
from tests.stories.world import World, world


async def frozen_half_way(here: World) -> str:
    """A canary that serves a tenth of the requests when a freeze begins."""
    deployment, _, _ = await here.approved()
    here.provider.at["web: traffic blue 90 %, green 10 %"] = lambda: begin_freeze(here)
    waiting = await here.go(deployment.id)
    assert isinstance(waiting.waits_for, ForApproval)
    assert here.provider.weights["web"] == {"blue": 90, "green": 10}
    return deployment.id


def begin_freeze(here: World) -> None:
    """The moment comes that the settings name."""
    here.clock.now = max(here.clock.now, 1_800_000_000.0 + 1000)


def freezing(folder: Path) -> Environment:
    """Production with a freeze that begins in a while."""
    begins = Freeze(start="2027-01-15T08:10:00+00:00", end="2027-01-25T00:00:00+00:00", reason="launch week")
    return production(folder, freezes=(begins,))


async def test_a_freeze_that_begins_half_way_asks_a_person_who_goes_on(folder: Path) -> None:
    async with world(folder, freezing(folder)) as here:
        deployment = await frozen_half_way(here)

        await here.approve(deployment)
        row = await here.go(deployment)

        assert row.outcome is Outcome.DEPLOYED
        asked = [one for one in here.store.questions.for_deployment(deployment) if "go_on" in one.gate_kind]
        assert len(asked) == 1


async def test_a_freeze_that_begins_half_way_asks_a_person_who_goes_back(folder: Path) -> None:
    async with world(folder, freezing(folder)) as here:
        deployment = await frozen_half_way(here)

        await here.approve(deployment, DecisionKind.ROLL_BACK)
        row = await here.go(deployment)

        assert row.outcome is Outcome.ROLLED_BACK
        assert here.provider.weights["web"] == {"blue": 100}
        assert not here.store.quarantine.active("production", "shop")


async def test_a_freeze_that_begins_half_way_takes_the_release_back_when_nobody_answers(folder: Path) -> None:
    async with world(folder, freezing(folder)) as here:
        deployment = await frozen_half_way(here)

        here.clock.now += 90_000
        row = await here.go(deployment)

        assert row.outcome is Outcome.ROLLED_BACK
        assert here.provider.weights["web"] == {"blue": 100}


async def test_hold_half_way_stays_where_it_is_and_asks_again(folder: Path) -> None:
    async with world(folder, freezing(folder)) as here:
        deployment = await frozen_half_way(here)
        first = here.question(deployment)

        await here.approve(deployment, DecisionKind.HOLD)
        row = await here.go(deployment)

        assert isinstance(row.waits_for, ForApproval)
        assert here.question(deployment).id != first.id
        assert here.provider.weights["web"] == {"blue": 90, "green": 10}


async def test_hold_half_way_does_not_go_on_when_the_freeze_is_over(folder: Path) -> None:
    async with world(folder, freezing(folder)) as here:
        deployment = await frozen_half_way(here)
        here.change_settings(freezes=())

        await here.approve(deployment, DecisionKind.HOLD)
        row = await here.go(deployment)

        assert isinstance(row.waits_for, ForApproval)
        assert here.provider.weights["web"] == {"blue": 90, "green": 10}


async def test_settings_that_change_half_way_stop_the_release(folder: Path) -> None:
    async with world(folder, production(folder)) as here:
        deployment, _, _ = await here.approved()
        moved = "web: traffic blue 90 %, green 10 %"
        here.provider.at[moved] = lambda: here.change_settings(approval_reminder=5000)

        row = await here.go(deployment.id)

        assert isinstance(row.waits_for, ForApproval)
        assert here.provider.weights["web"] == {"blue": 90, "green": 10}
        (why,) = [one.text for one in here.store.events.of(deployment.id) if one.kind == "halted"]
        assert "settings changed" in why
