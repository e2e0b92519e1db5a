"""Stories of more than one driver, and of deployments that nobody can drive."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from contextlib import AbstractAsyncContextManager
from dataclasses import fields, replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

from orchestrate.models.deployment import DecisionKind, Outcome, Request, Stage, Status
from orchestrate.models.environment import Channel
from orchestrate.store import Store
from tests.stories.durable import ENDED, LEASE, carry_on, lasting, to_the_end
from tests.stories.places import quick
from tests.stories.twins import Outside
from tests.stories.world import World, assembled, world

FORK = multiprocessing.get_context("fork")


def drive_together(folder: Path, worker: str, together: Barrier) -> None:
    """One of two processes that want to drive the same deployment."""

    async def work() -> None:
        async with lasting(folder) as here:
            here.runner = replace(here.runner, worker=worker, lease_seconds=60.0)
            (row,) = here.store.deployments.latest()
            together.wait(20)
            for _ in range(3):
                await here.runner.drive(row.id)

    asyncio.run(work())


def test_of_two_drivers_at_once_one_drives_and_nothing_happens_twice(folder: Path) -> None:
    deployment = asyncio.run(approved(folder))
    together = FORK.Barrier(2)
    drivers = [FORK.Process(target=drive_together, args=(folder, name, together)) for name in ("a", "b")]
    for one in drivers:
        one.start()
    for one in drivers:
        one.join(30)

    assert [one.exitcode for one in drivers] == [0, 0]
    merges, moves, comments = asyncio.run(seen(folder, deployment))
    assert merges == 1
    assert len(moves) == len(set(moves))
    assert len(comments) == len(set(comments))


async def approved(folder: Path) -> str:
    """A deployment that is approved and that nobody drives."""
    async with lasting(folder) as here:
        (row,) = await here.intake.claim("test")
        await here.runner.drive(row.id)
        await here.approve(row.id)
        return row.id


async def seen(folder: Path, deployment: str) -> tuple[int, list[str], list[str]]:
    """How it went on to its end: merges, moves, and comments."""
    async with lasting(folder) as here:
        here.clock.now += 120
        row = await to_the_end(here, here.store.deployments.deployment(deployment))
        moves = [str(move) for move in here.provider.done if move.kind != "drain"]
        comments = [one.text for one in await here.tracker.comments(row.request.task or "")]
        return len(here.forge.merges), moves, comments


async def test_a_second_driver_leaves_it_alone(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.approved()
        here.store.leases.take(deployment.id, "another", 60)

        row = await here.runner.drive(deployment.id)

        assert row.status is Status.WAITING
        assert here.forge.merges == []


async def test_a_driver_that_slept_too_long_does_nothing_more(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.approved()

        def sleep() -> None:
            here.clock.now += 61
            assert here.store.leases.take(deployment.id, "another", 60) is not None

        here.provider.at["web: traffic green 100 %"] = sleep
        await here.runner.drive(deployment.id)

        row = here.store.deployments.deployment(deployment.id)
        assert row.status is Status.RUNNING
        assert row.stage is Stage.DEPLOY
        assert await here.said(task.id, "Deployed") == []


async def test_a_decision_that_was_stored_and_not_delivered_is_delivered_by_the_next_drive(
    folder: Path,
) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.asked()
        question = here.question(deployment.id)
        await here.answers.decide(question.id, DecisionKind.APPROVED, Channel.CLI, "ada", "Approved")

    async with resumed(folder, here) as after:
        row = await after.go(deployment.id)

    assert row.outcome is Outcome.DEPLOYED


def resumed(folder: Path, before: World) -> AbstractAsyncContextManager[World]:
    """Our side opened anew, on the same outside."""
    around = Outside(**{one.name: getattr(before, one.name) for one in fields(Outside)})
    return assembled(folder, around, before.environments)


async def test_an_expiry_that_was_stored_and_not_delivered_is_still_an_expiry(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, _, _ = await here.asked()
        here.store.questions.close(here.question(deployment.id).id, "expired")
        here.store.deployments.wake(deployment.id)

        row = await here.go(deployment.id)

        assert row.outcome is Outcome.EXPIRED


def accepted(store: Store, version: int) -> str:
    """A deployment that another version of the graph began."""
    request = Request(environment="production", requested_by="rob", version="main")
    return store.deployments.accept(request, "shop", version).id


async def test_a_deployment_of_an_unknown_graph_version_is_parked_with_the_reason(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment = accepted(here.store, 999)

        row = await here.go(deployment)

        assert row.outcome is Outcome.PARKED
        assert "graph version 999" in row.reason
        (told,) = await here.announced()
        assert "graph version 999" in told.description


def dying(folder: Path) -> None:
    """A process that the deployment ends at a move."""

    def trouble(here: World) -> None:
        def end() -> None:
            (folder / "clock").write_text(str(here.clock.now + 2 * LEASE))
            os._exit(ENDED)

        here.provider.at["web: traffic green 100 %"] = end

    asyncio.run(carry_on(folder, trouble))


def test_a_deployment_that_ends_its_worker_three_times_is_parked(folder: Path) -> None:
    codes: list[int | None] = []
    for _ in range(3):
        worker = FORK.Process(target=dying, args=(folder,))
        worker.start()
        worker.join(30)
        codes.append(worker.exitcode)

    passed, ending = asyncio.run(carry_on(folder, lambda _: None))

    assert codes == [ENDED] * 3
    assert ending[0] == "outcome parked"
    assert "task deploy Blocked Ship it" in ending
    assert "lock None" in ending
    assert "superstep" not in passed


async def test_a_fault_of_ours_is_tried_again_and_then_parked(folder: Path) -> None:
    async with world(folder, quick(folder)) as here:
        deployment, task, _ = await here.approved()

        def fault() -> None:
            raise ZeroDivisionError("a fault of ours")

        here.provider.at["web: traffic green 100 %"] = fault
        for _ in range(3):
            try:
                await here.runner.drive(deployment.id)
            except ZeroDivisionError:
                continue

        row = await here.runner.drive(deployment.id)

        assert row.outcome is Outcome.PARKED
        assert "3 times" in row.reason
        assert (await here.tracker.task(task.id)).status == "Blocked"
        assert here.store.locks.holder("production", "shop") is None
