"""Stories of a way through environments, and of going back by hand."""

from __future__ import annotations

from pathlib import Path

from orchestrate.models.deployment import DecisionKind, Deployment, ForApproval, Kind, Outcome
from orchestrate.models.environment import Gates
from orchestrate.models.gate import GateName, Override
from orchestrate.models.sample import SampleState
from orchestrate.models.task import TaskMetadata
from orchestrate.models.windows import Freeze
from tests.stories.places import quick, staging
from tests.stories.world import World, world

PROMOTED = Gates(checks=("tests",), reviews=1, promoted_from="staging")


async def test_staging_comes_before_production_as_one_chain_of_the_same_artifact(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder, gates=PROMOTED)) as here:
        change = await here.propose("faster", {"app.py": "two"})
        task = await here.task(change)
        (first,) = await here.intake.claim("test")
        assert (await here.go(first.id)).outcome is Outcome.DEPLOYED
        assert not (await here.tracker.task(task.id)).is_closed

        (second,) = here.store.deployments.latest(environment="production")
        await here.go(second.id)
        await here.approve(second.id)
        row = await here.go(second.id)

        assert row.outcome is Outcome.DEPLOYED
        assert row.request.parent == first.id
        assert here.live("staging").tree == here.live("production").tree
        assert len(here.forge.merges) == 1
        assert (await here.tracker.task(task.id)).closed_reason is not None


async def test_a_chain_ends_where_staging_fails(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder, gates=PROMOTED)) as here:
        change = await here.propose("slower", {"app.py": "bad"})
        task = await here.task(change)
        here.metrics.failing["green"] = 0.5
        (first,) = await here.intake.claim("test")

        row = await here.go(first.id)

        assert row.outcome is Outcome.ROLLED_BACK
        assert here.store.deployments.latest(environment="production") == ()
        assert (await here.tracker.task(task.id)).is_closed


async def test_a_named_version_is_the_same_commit_all_the_way(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder, gates=PROMOTED)) as here:
        two = here.forge.write("main", {"app.py": "two"}, "Version two")
        first = here.accept("staging", version="main", flow=("production",))
        await here.go(first.id)
        here.forge.write("main", {"app.py": "three"}, "Version three")

        (second,) = here.store.deployments.latest(environment="production")
        await here.go(second.id)
        await here.approve(second.id)
        await here.go(second.id)

        assert here.live("production").commit == two


async def test_production_takes_only_what_staging_proved(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder, gates=PROMOTED)) as here:
        deployment, _, _ = await here.ready()

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.BLOCKED
        assert "not verified in staging" in row.reason


async def test_a_recorded_override_skips_staging(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder, gates=PROMOTED)) as here:
        skipped = (GateName.PROMOTION, GateName.ROLLBACK_READY)
        urgent = tuple(Override(gate=one, by="ada", reason="staging is down") for one in skipped)
        deployment, _, _ = await here.approved(overrides=urgent)

        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED


async def test_who_skips_staging_is_told_that_the_way_back_was_not_rehearsed_either(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder, gates=PROMOTED)) as here:
        urgent = Override(gate=GateName.PROMOTION, by="ada", reason="staging is down")
        deployment, _, _ = await here.ready(overrides=(urgent,))

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.BLOCKED
        assert row.reason.startswith("rollback_ready: web: the way back was not rehearsed in staging")


async def test_a_task_goes_only_as_far_as_it_says(folder: Path) -> None:
    async with world(folder, staging(folder), quick(folder)) as here:
        change = await here.propose("faster", {"app.py": "two"})
        task = await here.task(change, metadata=TaskMetadata(deployment_target="staging"))
        (only,) = await here.intake.claim("test")

        await here.go(only.id)

        assert (await here.tracker.task(task.id)).is_closed
        assert here.store.deployments.latest(environment="production") == ()


async def shipped(here: World) -> tuple[str, str]:
    """A version that is live, after version one: the commits of both."""
    one = here.live().commit
    deployment, _, _ = await here.approved()
    assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED
    return one, here.live().commit


def back(here: World, version: str, by: str) -> Deployment:
    """Somebody asks for the version before."""
    return here.accept("production", kind=Kind.ROLLBACK, version=version, requested_by=by)


async def test_an_allowed_persons_rollback_needs_no_second_approval(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        one, _ = await shipped(here)

        row = await here.go(back(here, one, "ada").id)

        assert row.outcome is Outcome.DEPLOYED
        assert here.live().commit == one
        assert here.store.questions.for_deployment(row.id) == ()


async def test_what_somebody_went_back_from_is_refused_until_it_is_fixed(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        one = here.live().commit
        bad, _, change = await here.approved()
        await here.go(bad.id)
        rollback = here.accept(
            "production", kind=Kind.ROLLBACK, version=one, requested_by="ada", rolls_back=bad.id
        )
        await here.go(rollback.id)

        (locked,) = here.store.quarantine.active("production", "shop")
        later, _, _ = await here.ready("later")
        row = await here.go(later.id)

        assert locked.commit == (await here.forge.change(change.id)).merge_commit
        assert row.outcome is Outcome.BLOCKED
        assert "ada went back from it" in row.reason


async def test_anybody_elses_rollback_is_asked_about(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        one, two = await shipped(here)
        deployment = back(here, one, "rob")

        row = await here.go(deployment.id)

        assert isinstance(row.waits_for, ForApproval)
        assert here.live().commit == two
        await here.approve(deployment.id)
        await here.go(deployment.id)
        assert here.live().commit == one


async def test_a_rollback_by_hand_that_nobody_allows_changes_nothing(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        one, two = await shipped(here)
        deployment = back(here, one, "rob")
        await here.go(deployment.id)

        await here.approve(deployment.id, DecisionKind.HOLD)

        assert (await here.go(deployment.id)).outcome is Outcome.HELD
        assert here.live().commit == two


async def test_neither_freeze_nor_missing_numbers_nor_a_full_disk_stops_a_rollback(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        one, _ = await shipped(here)
        freeze = Freeze(start="2020-01-01", end="2099-01-01", reason="launch week")
        here.change_settings(freezes=(freeze,))
        here.provider.full = here.provider.full.model_copy(update={"disk": 99.0})
        here.metrics.state = SampleState.SOURCE_DOWN
        deployment = back(here, one, "ada")

        row = await here.go(deployment.id)

        assert here.live().commit == one
        assert isinstance(row.waits_for, ForApproval)  # nobody can say whether it does well


async def test_a_rollback_from_a_version_that_crashed_is_not_stopped_by_the_crash(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        one, _ = await shipped(here)
        slot = here.provider.live()
        crashed = slot.model_copy(update={"instances": ()})
        here.provider.slots["web", slot.name] = crashed

        row = await here.go(back(here, one, "ada").id)

        assert row.outcome is Outcome.DEPLOYED
        assert here.live().commit == one


async def test_a_rollback_that_does_badly_locks_nothing(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        one, two = await shipped(here)
        slot = "blue" if here.provider.live().name == "green" else "green"
        here.metrics.failing[slot] = 0.5

        row = await here.go(back(here, one, "ada").id)

        assert row.outcome is Outcome.ROLLED_BACK
        assert here.live().commit == two
        assert here.store.quarantine.active("production", "shop") == ()
