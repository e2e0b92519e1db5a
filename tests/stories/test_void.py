"""Stories of approvals that no longer hold."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from orchestrate.models.change import NewChange, Review, ReviewVerdict
from orchestrate.models.deployment import Outcome, Status
from orchestrate.models.windows import Freeze
from tests.stories.places import production, quick
from tests.stories.world import world


async def test_an_approval_that_was_not_used_in_time_is_void(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, change = await here.approved()
        here.clock.now += 90_000

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.EXPIRED
        assert (await here.forge.change(change.id)).merge_commit is None


async def test_an_approved_head_that_moved_is_never_merged_and_ada_is_asked_anew(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, change = await here.approved()
        first = here.store.questions.for_deployment(deployment.id)[0]
        here.forge.write(change.branch, {"more.py": "more"}, "One more")
        await here.review(await here.forge.change(change.id))

        row = await here.go(deployment.id)

        assert row.status is Status.WAITING
        assert here.question(deployment.id).id != first.id
        assert here.forge.merges == []
        await here.says("ada", "Approved", task.id)
        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED
        assert here.forge.merges[0].head == (await here.forge.change(change.id)).head


async def test_a_base_that_moved_voids_the_approval(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()
        first = here.store.questions.for_deployment(deployment.id)[0]
        here.forge.write("main", {"other.py": "other"}, "Another change")

        await here.go(deployment.id)

        assert here.question(deployment.id).plan_hash != first.plan_hash
        assert here.forge.merges == []


async def test_settings_that_changed_void_the_approval(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()
        first = here.store.questions.for_deployment(deployment.id)[0]
        here.change_settings(move_timeout=60)

        await here.go(deployment.id)

        assert here.question(deployment.id).plan_hash != first.plan_hash
        assert here.forge.merges == []


async def test_another_live_version_voids_the_approval(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved("later")
        other, _, _ = await here.approved("sooner")
        assert (await here.go(other.id)).outcome is Outcome.DEPLOYED

        row = await here.go(deployment.id)

        assert row.status is Status.WAITING
        assert len(here.store.questions.for_deployment(deployment.id)) == 2


async def test_a_newer_candidate_that_contains_an_older_one_takes_its_place(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        older, task, change = await here.asked("first")
        here.forge.write("second", {"second.py": "new"}, "Work on second", since="first")
        new = NewChange(branch="second", base="main", title="Work on second", author="mira")
        second = await here.review(await here.forge.open(new))
        newer = here.accept("production", change=second.id)

        await here.go(newer.id)
        row = await here.go(older.id)

        assert row.outcome is Outcome.SUPERSEDED
        assert (await here.tracker.task(task.id)).is_closed
        assert here.question(newer.id).is_open
        assert change.merge_commit is None


async def test_a_newer_candidate_that_does_not_contain_it_leaves_an_older_one_waiting(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        older, _, _ = await here.asked("first")

        newer, _, _ = await here.asked("second")

        assert here.question(older.id).is_open
        assert here.question(newer.id).is_open


async def test_a_freeze_that_begins_after_the_approval_keeps_it_from_merging(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, change = await here.asked()
        at = datetime.fromtimestamp(here.clock.now, UTC)
        freeze = Freeze(start=at.isoformat(), end="2099-01-01", reason="launch week")
        here.change_settings(freezes=(freeze,))
        await here.approve(deployment.id)

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.BLOCKED
        assert "launch week" in row.reason
        assert (await here.forge.change(change.id)).merge_commit is None


async def test_a_review_that_is_withdrawn_after_the_plan_blocks(folder: Path) -> None:
    async with world(folder, production(folder)) as here:
        deployment, _, change = await here.approved()
        at = datetime.fromtimestamp(here.clock.now, UTC)
        no = Review(by="rob", verdict=ReviewVerdict.CHANGES_REQUESTED, sha=change.head, at=at)
        here.records.review(change.id, no)

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.BLOCKED
        assert here.forge.merges == []
