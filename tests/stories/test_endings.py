"""Stories of the end: nobody's work is lost, and nothing is said or filed twice."""

from __future__ import annotations

from pathlib import Path

from orchestrate.errors import StartFailed
from orchestrate.models.change import Check, CheckState, NewChange
from orchestrate.models.deployment import Outcome
from orchestrate.models.gate import GateName, Override
from orchestrate.models.task import Queue, Task
from tests.stories.places import production, quick
from tests.stories.world import World, world

SWITCH = "web: traffic green 100 %"


async def failed(here: World, branch: str, why: str = "the router hangs") -> tuple[str, Task]:
    """A deployment that was rolled back, and its task."""
    deployment, task, _ = await here.approved(branch)

    def fail() -> None:
        raise StartFailed(why)

    here.provider.at[SWITCH] = fail
    row = await here.go(deployment.id)
    here.provider.at.clear()
    assert row.outcome is Outcome.ROLLED_BACK
    return deployment.id, await here.tracker.task(task.id)


async def test_what_waited_for_a_failed_task_waits_for_its_fix(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, change = await here.approved()
        waiting = await here.task(change, depends_on=(task.id,), title="Write about it")

        def fail() -> None:
            raise StartFailed("the router hangs")

        here.provider.at[SWITCH] = fail
        await here.go(deployment.id)

        (fix,) = await here.tracker.ready(Queue.EXECUTION)
        assert (await here.tracker.task(waiting.id)).depends_on == (fix.id,)
        assert fix.discovered_from == task.id
        assert (await here.tracker.task(task.id)).closed_reason == f"Failed - created fix task {fix.id}"


async def test_a_fix_task_that_waits_for_the_failed_task_does_not_wait_for_itself(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        _, first = await failed(here, "first")
        (fix,) = await here.tracker.ready(Queue.EXECUTION)
        here.store.quarantine.lift("production", here.forge.branches["main"], "ada", "looked at it")
        deployment, task, _ = await here.approved("second")
        await here.tracker.depend(fix.id, task.id)

        def fail() -> None:
            raise StartFailed("the router hangs")

        here.provider.at[SWITCH] = fail
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.ROLLED_BACK
        assert first.is_closed


async def test_the_same_cause_twice_updates_the_open_task(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        await failed(here, "first", "the router hangs at port 8080")
        here.store.quarantine.lift("production", here.forge.branches["main"], "ada", "looked at it")

        second, task = await failed(here, "second", "the router hangs at port 9090")

        (fix,) = await here.tracker.ready(Queue.EXECUTION)
        assert len(await here.said(fix.id, f"Seen again in deployment {second}")) == 1
        assert task.closed_reason == f"Failed - created fix task {fix.id}"


async def test_a_cause_that_comes_back_after_its_fix_gets_a_new_task(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        await failed(here, "first")
        (fix,) = await here.tracker.ready(Queue.EXECUTION)
        await here.tracker.close(fix.id, "Fixed", "Done")
        here.store.quarantine.lift("production", here.forge.branches["main"], "ada", "fixed")

        await failed(here, "second")

        (again,) = await here.tracker.ready(Queue.EXECUTION)
        assert again.id != fix.id


async def test_a_later_version_that_contains_the_bad_change_is_refused(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        bad, _ = await failed(here, "bad")
        later, _, _ = await here.ready("later")

        row = await here.go(later.id)

        assert row.outcome is Outcome.BLOCKED
        assert "did badly here" in row.reason and bad in row.reason


async def test_a_lifted_quarantine_lets_the_next_version_through(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        await failed(here, "bad")
        here.store.quarantine.lift("production", here.forge.branches["main"], "ada", "it was the router")

        deployment, _, _ = await here.approved("later")

        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED


async def test_an_override_lets_one_version_through_and_is_shown(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        await failed(here, "bad")
        override = Override(gate=GateName.QUARANTINE, by="ada", reason="it was the router")

        deployment, task, _ = await here.approved("later", overrides=(override,))

        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED
        (request,) = await here.said(task.id, "Answer on this thread")
        assert "overridden by ada" in request
        assert len(here.store.quarantine.active("production", "shop")) == 1


async def test_a_tracker_that_is_down_for_hours_at_the_end_keeps_nobody_else_waiting(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, change = await here.approved()

        def vanish() -> None:
            here.tracker.is_down = True

        here.provider.at[f"web: stop 2 × {here.live().name} in blue"] = vanish
        for seconds in (*[1] * 40, *[300] * 30):
            if here.is_due(deployment.id):
                await here.runner.drive(deployment.id)
            await here.wait(seconds)
        assert here.live().name == change.head[:8]
        assert here.store.locks.holder("production", "shop") is None

        here.tracker.is_down = False
        await here.wait(7200)
        row = await here.go(deployment.id)

        assert row.outcome is Outcome.DEPLOYED
        assert len(await here.said(task.id, "Deployed")) == 1


async def test_a_revert_is_prepared_once_where_that_is_configured(folder: Path) -> None:
    async with world(folder, quick(folder, prepare_revert=True)) as here:
        await failed(here, "bad")

        reverts = [one for one in here.forge.records.all() if one.marker.startswith("revert/")]
        (fix,) = await here.tracker.ready(Queue.EXECUTION)

        assert len(reverts) == 1
        assert f"change {reverts[0].id} takes" in fix.description


async def blocked(here: World, branch: str = "red") -> tuple[str, Task]:
    """A deployment that a failing check keeps from starting, and its task."""
    here.forge.write(branch, {f"{branch}.py": "new"}, "Work", since="main")
    new = NewChange(branch=branch, base="main", title=branch, author="mira")
    change = await here.review(await here.forge.open(new))
    here.records.check(change.id, Check(name="tests", state=CheckState.FAILED, sha=change.head))
    task = await here.task(change)
    (deployment,) = await here.intake.claim("test")
    row = await here.go(deployment.id)
    assert row.outcome is Outcome.BLOCKED
    return change.id, await here.tracker.task(task.id)


async def test_a_blocked_task_is_tried_again_when_its_gates_say_something_else(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        change, task = await blocked(here)
        await here.review(await here.forge.change(change))

        back = await here.unblocking.look()
        (deployment,) = await here.intake.claim("test")
        await here.go(deployment.id)
        await here.approve(deployment.id)

        assert back == [task.id]
        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED


async def test_a_blocked_task_is_left_alone_while_its_gates_say_the_same(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        _, task = await blocked(here)

        for _ in range(3):
            here.clock.now += 300
            assert await here.unblocking.look() == []

        assert await here.intake.claim("test") == ()
        assert len(await here.said(task.id, "ci checks")) == 1


async def test_a_blocked_task_that_vanished_does_not_keep_others_waiting(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        change, task = await blocked(here)
        _, gone = await blocked(here, "gone")
        here.tracker.forget(gone.id)
        await here.review(await here.forge.change(change))

        assert await here.unblocking.look() == [task.id]


async def test_everything_is_said_filed_and_announced_once(folder: Path) -> None:
    async with world(folder, production(folder)) as here:
        deployment, task, _ = await here.approved()

        await here.go(deployment.id)
        for _ in range(3):
            await here.runner.drive(deployment.id)
            await here.answers.read()

        others = [one for one in here.tracker.written if not one.startswith("comment")]
        assert len(others) == len(set(others))
        texts = [one.text for one in await here.tracker.comments(task.id)]
        assert len(texts) == len(set(texts))
        assert len(await here.said(task.id, "Picked up")) == 1
        assert [one.title.split()[0] for one in await here.announced()] == ["Deploying", "Deployed:"]


async def test_a_version_that_changes_nothing_that_serves_files_a_fix_task_and_locks_nothing(
    folder: Path,
) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, change = await here.approved()
        here.provider.build_failures[change.head[:8]] = "SyntaxError: invalid syntax"

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.FAILED_BEFORE_CHANGE
        assert "created fix task" in ((await here.tracker.task(task.id)).closed_reason or "")
        assert here.store.quarantine.active("production", "shop") == ()
