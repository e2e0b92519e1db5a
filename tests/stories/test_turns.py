"""Stories of the environment's lock: one deployment at a time, and free afterwards whatever happened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from orchestrate.errors import StartFailed
from orchestrate.models.deployment import DecisionKind, ForTurn, Outcome, Status
from orchestrate.models.task import Task
from tests.stories.places import quick
from tests.stories.world import World, world


async def test_a_busy_environment_queues_and_goes_on_when_it_is_free(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        first, _, _ = await here.asked("first")
        second, _, _ = await here.asked("second")
        here.store.locks.take("production", "shop", first.id)
        await here.approve(second.id)
        waiting = await here.go(second.id)
        assert isinstance(waiting.waits_for, ForTurn)
        assert not here.is_due(second.id)

        await here.approve(first.id, DecisionKind.HOLD)
        await here.go(first.id)
        row = await here.go(second.id)

        assert row.outcome is Outcome.DEPLOYED


async def test_what_waits_for_its_turn_plans_anew_when_another_version_is_live(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        second, _, _ = await here.asked("second")
        first, _, _ = await here.approved("first")
        here.store.locks.take("production", "shop", first.id)
        await here.approve(second.id)
        await here.go(second.id)

        await here.go(first.id)
        row = await here.go(second.id)

        assert row.status is Status.WAITING
        assert here.question(second.id).is_open
        await here.approve(second.id)
        assert (await here.go(second.id)).outcome is Outcome.DEPLOYED


async def test_hold_beats_an_approval_that_waits_for_its_turn(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        first, _, _ = await here.asked("first")
        here.store.locks.take("production", "shop", first.id)
        second, task, _ = await here.approved("second")
        await here.go(second.id)

        await here.says("rob", "Hold", task.id)
        row = await here.go(second.id)

        assert row.outcome is Outcome.HELD
        assert here.store.locks.holder("production", "shop") == first.id


async def test_without_waiting_a_busy_environment_is_a_refusal_at_the_gates(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        first, _, _ = await here.asked("first")
        here.store.locks.take("production", "shop", first.id)
        second, _, _ = await here.ready("second", wait=False)

        row = await here.go(second.id)

        assert row.outcome is Outcome.BLOCKED
        assert first.id in row.reason


async def test_without_waiting_an_environment_that_got_busy_is_a_refusal_too(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        first, _, _ = await here.asked("first")
        second, task, change = await here.asked("second", wait=False)
        here.store.locks.take("production", "shop", first.id)
        await here.approve(second.id)

        row = await here.go(second.id)

        assert row.outcome is Outcome.CANCELLED
        assert first.id in row.reason
        assert (await here.tracker.task(task.id)).status == "On hold"
        assert (await here.forge.change(change.id)).merge_commit is None


async def well(here: World, head: str) -> None:
    """Nothing goes wrong."""


async def refused(here: World, head: str) -> None:
    """The forge will not merge."""
    here.forge.refusal = "branch protection"


async def unbuilt(here: World, head: str) -> None:
    """The version does not build."""
    here.provider.build_failures[head] = "SyntaxError"


async def crashing(here: World, head: str) -> None:
    """The version does not start."""
    here.provider.start_failures[head] = "exit 1"


async def stuck(here: World, head: str) -> None:
    """The traffic does not follow, and the version cannot be stopped."""
    here.provider.at["web: traffic green 100 %"] = lambda: fail("the router does not answer")
    here.provider.at[f"web: stop 2 × {head} in green"] = lambda: fail("it does not stop")


async def slow(here: World, head: str) -> None:
    """The version never ends starting."""
    here.provider.slow.add(f"web: start 2 × {head} in green")


def fail(why: str) -> None:
    raise StartFailed(why)


ENDS: list[tuple[Outcome, Callable[[World, str], Awaitable[None]]]] = [
    (Outcome.DEPLOYED, well),
    (Outcome.MERGE_REFUSED, refused),
    (Outcome.FAILED_BEFORE_CHANGE, unbuilt),
    (Outcome.ROLLED_BACK, crashing),
    (Outcome.ROLLBACK_FAILED, stuck),
    (Outcome.TIMED_OUT, slow),
]


@pytest.mark.parametrize(("outcome", "trouble"), ENDS, ids=[str(one) for one, _ in ENDS])
async def test_the_environment_is_free_afterwards(
    folder: Path, outcome: Outcome, trouble: Callable[[World, str], Awaitable[None]]
) -> None:
    async with world(folder, quick(folder, move_timeout=1)) as here:
        deployment, task, change = await here.approved()
        await trouble(here, change.head[:8])

        row = await here.go(deployment.id)

        assert row.outcome is outcome
        assert here.store.locks.holder("production", "shop") is None
        assert await is_settled(here, task)


async def is_settled(here: World, task: Task) -> bool:
    """Whether the task is closed, or where somebody looks."""
    now = await here.tracker.task(task.id)
    return now.is_closed or now.status in ("Blocked", "On hold")
