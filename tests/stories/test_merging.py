"""Stories of the merge: exactly what was approved, once, or not at all."""

from __future__ import annotations

from pathlib import Path

from orchestrate.errors import Unreachable
from orchestrate.models.deployment import Outcome, Status
from orchestrate.models.task import Queue
from orchestrate.models.windows import Freeze
from tests.stories.places import quick
from tests.stories.world import world


async def test_a_merge_that_the_forge_refuses_is_announced_with_its_reason(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, change = await here.approved()
        here.forge.refusal = "the branch is protected"

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.MERGE_REFUSED
        assert "the branch is protected" in row.reason
        told = [one for one in await here.announced() if "the branch is protected" in one.description]
        assert len(told) == 1
        assert len(await here.said(task.id, "the branch is protected")) == 1
        assert here.live().name != change.head[:8]


async def test_a_head_that_moves_in_the_last_moment_is_never_merged(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, change = await here.approved()
        approved = change.head

        def push() -> None:
            here.forge.before_merge = lambda: None
            here.forge.write(change.branch, {"more.py": "more"}, "One more")

        here.forge.before_merge = push
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.BLOCKED  # nobody reviewed the new head
        assert here.forge.merges == []
        assert not await here.forge.contains(here.forge.branches["main"], approved)


async def test_a_base_that_moves_in_the_last_moment_goes_back_to_the_plan_unmerged(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()

        def push() -> None:
            here.forge.before_merge = lambda: None
            here.forge.write("main", {"other.py": "other"}, "Another change")

        here.forge.before_merge = push
        row = await here.go(deployment.id)

        assert row.status is Status.WAITING
        assert here.forge.merges == []
        await here.approve(deployment.id)
        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED
        assert len(here.forge.merges) == 1


async def test_a_change_that_was_merged_already_is_deployed_as_its_merge_commit(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        change = await here.propose("merged", {"merged.py": "new"})
        commit = here.forge.write("main", {"merged.py": "new"}, "Merge it by hand")
        here.records.merged(change.id, commit)
        deployment = here.accept("production", change=change.id)
        await here.go(deployment.id)
        await here.approve(deployment.id)

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        assert here.live().commit == commit
        assert here.forge.merges == []


async def test_somebody_who_merges_exactly_what_was_approved_saves_us_the_work(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, change = await here.approved()
        here.forge.is_merged_by_hand = True

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        assert here.forge.merges == []
        assert (await here.forge.change(change.id)).merge_commit == here.forge.branches["main"]


async def test_a_version_without_a_change_has_nothing_to_merge(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        commit = here.forge.write("main", {"app.py": "two"}, "Version two")
        here.forge.tags["v2"] = commit
        deployment = here.accept("production", version="v2")
        await here.go(deployment.id)
        await here.approve(deployment.id)

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        assert here.live().name == "v2"
        assert here.forge.merges == []


async def test_a_forge_that_does_not_answer_is_asked_again_later_and_the_merge_is_made_once(
    folder: Path,
) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.approved()

        def vanish() -> None:
            here.forge.before_merge = lambda: None
            here.forge.is_down = True
            raise_unreachable()

        here.forge.before_merge = vanish
        await here.runner.drive(deployment.id)
        assert here.store.deployments.deployment(deployment.id).status is Status.WAITING
        here.forge.is_down = False
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        assert len(here.forge.merges) == 1
        assert len(await here.said(task.id, "Picked up")) == 1


async def test_a_forge_that_never_answers_again_parks_it_where_people_see_it(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.approved()

        def vanish() -> None:
            here.forge.is_down = True
            raise_unreachable()

        here.forge.before_merge = vanish
        row = await here.go(deployment.id, most=4000)

        assert row.outcome is Outcome.PARKED
        assert "does not answer" in row.reason
        assert len([one for one in await here.announced() if "Parked" in one.title]) == 1
        assert (await here.tracker.task(task.id)).status == "Blocked"


async def test_a_conflict_that_arises_while_ada_thinks_goes_to_its_queue(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.approved()
        here.forge.write("main", {"faster.py": "another"}, "The same file")

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.CONFLICT
        assert (await here.tracker.task(task.id)).queue is Queue.CONFLICT_RESOLUTION
        assert len(await here.said(task.id, "faster.py")) >= 1


async def test_a_conflict_of_what_no_task_ships_is_announced(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        change = await here.propose("faster", {"faster.py": "new"})
        here.forge.write("main", {"faster.py": "another"}, "The same file")

        row = await here.go(here.accept("production", change=change.id).id)

        assert row.outcome is Outcome.CONFLICT
        assert "faster.py" in (await here.announced())[-1].description


async def test_a_freeze_between_queue_and_merge_keeps_it_unmerged(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, change = await here.approved()
        freeze = Freeze(start="2020-01-01", end="2099-01-01", reason="launch week")
        here.forge.before_preview = lambda: here.change_settings(freezes=(freeze,))

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.BLOCKED
        assert (await here.forge.change(change.id)).merge_commit is None


def raise_unreachable() -> None:
    raise Unreachable("the forge does not answer")
