"""Workers that want the same thing in the same instant: one gets it, and nothing happens twice or never."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import closing
from dataclasses import replace
from functools import partial
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

from orchestrate.intake import Intake
from orchestrate.models.deployment import Deployment, ForApproval, Lease, Outcome, Status
from orchestrate.models.task import NewTask, Priority, Queue
from orchestrate.store import Store
from orchestrate.store.database import Database
from orchestrate.store.leases import Leases
from tests.faults.racing import FORK, meet, race
from tests.stories.durable import carry_on, ending_of, lasting
from tests.stories.places import production
from tools.systems.tracker import StoreTracker

WORKERS = 4
TASKS = 40
TICK = 5.0  # seconds that pass between two drives


def test_each_task_of_a_queue_gets_exactly_one_worker(any_store_url: str, folder: Path) -> None:
    with closing(Store.open(any_store_url)) as store:
        tasks = [store.tasks.add(work(number)).id for number in range(TASKS)]

    race(*(partial(claim, any_store_url, folder, f"w{number}") for number in range(WORKERS)))

    claimed = dict(line.split() for line in (folder / "claimed").read_text().splitlines())
    assert len((folder / "claimed").read_text().splitlines()) == TASKS
    assert sorted(claimed) == sorted(tasks)
    with closing(Store.open(any_store_url)) as store:
        rows = store.deployments.latest(limit=10 * TASKS)
    assert {str(row.request.task): row.request.requested_by for row in rows} == {
        task: f"worker {worker}" for task, worker in claimed.items()
    }
    assert len(rows) == TASKS


def work(number: int) -> NewTask:
    """A task that is ready to deploy."""
    return NewTask(
        title=f"Ship {number}",
        description="",
        queue=Queue.DEPLOY,
        status="Ready to Deploy",
        priority=Priority.P2,
        marker=f"ship {number}",
        change=f"C-{number}",
    )


def claim(url: str, folder: Path, worker: str, others: Barrier) -> None:
    """Claim what is ready, and look once more when all are through."""

    async def claiming() -> None:
        with closing(Store.open(url)) as store:
            place = production(folder)
            intake = Intake(
                store=store,
                tasks=StoreTracker(store.tasks),
                environment=lambda _: place,
                flow=("production",),
            )
            for _ in range(2):
                meet(others)
                for row in await intake.claim(worker):
                    note(folder / "claimed", f"{row.request.task} {worker}")

    asyncio.run(claiming())


def note(file: Path, line: str) -> None:
    """Append a line; lines of several processes do not mix."""
    with file.open("a") as lines:
        lines.write(f"{line}\n")


class WatchedLeases(Leases):
    """Leases that two take together the first time: whoever got one keeps it until the other was told."""

    def __init__(self, database: Database, others: Barrier, record: Path) -> None:
        super().__init__(database)
        self._others, self._record = others, record
        self._is_first = True

    def take(self, deployment: str, worker: str, seconds: float) -> Lease | None:
        if not self._is_first:
            return super().take(deployment, worker, seconds)
        self._is_first = False
        meet(self._others)
        lease = super().take(deployment, worker, seconds)
        note(self._record, f"{worker} {'drives' if lease else 'refused'}")
        meet(self._others)
        return lease


def drive(folder: Path, worker: str, is_through: Event, others: Barrier) -> None:
    """Drive it, or try again and again as long as the other one drives."""

    async def driving() -> None:
        async with lasting(folder) as here:
            (row,) = here.store.deployments.latest()
            leases = WatchedLeases(here.store.deployments._database, others, folder / "drives")
            here.store.leases = leases
            here.runner = replace(here.runner, worker=worker, lease_seconds=60.0)
            await here.runner.drive(row.id)
            if not is_mine(folder, worker):
                while not is_through.is_set():
                    await here.runner.drive(row.id)
                    await asyncio.sleep(0.005)
            is_through.set()

    asyncio.run(driving())


def is_mine(folder: Path, worker: str) -> bool:
    """Whether this worker got the last lease that both took together."""
    return f"{worker} drives" in (folder / "drives").read_text().splitlines()[-2:]


def test_two_who_drive_one_deployment_do_each_thing_once(folder: Path) -> None:
    twin = folder / "twin"
    twin.mkdir()
    _, undisturbed = asyncio.run(carry_on(twin, lambda _: None))
    row = asyncio.run(claimed(folder))

    rounds = 0
    while row.status is not Status.FINISHED:
        is_through = FORK.Event()
        race(*(partial(drive, folder, worker, is_through) for worker in ("a", "b")))
        row = asyncio.run(between(folder, row.id))
        rounds += 1
        assert rounds < 30, row

    assert row.outcome is Outcome.DEPLOYED
    assert asyncio.run(ended(folder, row)) == undisturbed
    drives = Counter(line.split()[1] for line in (folder / "drives").read_text().splitlines())
    assert drives == {"drives": rounds, "refused": rounds}


async def claimed(folder: Path) -> Deployment:
    """The task's deployment, which nobody drives yet."""
    async with lasting(folder) as here:
        (row,) = await here.intake.claim("test")
        return row


async def between(folder: Path, deployment: str) -> Deployment:
    """What happens between two drives: Ada answers, and otherwise time passes until it is due."""
    async with lasting(folder) as here:
        row = here.store.deployments.deployment(deployment)
        for _ in range(100):
            if row.status is Status.FINISHED or here.is_due(deployment):
                break
            if isinstance(row.waits_for, ForApproval):
                await here.approve(deployment)
            else:
                await here.wait(TICK)
        (folder / "clock").write_text(str(here.clock.now))
        return here.store.deployments.deployment(deployment)


async def ended(folder: Path, row: Deployment) -> list[str]:
    """How it ended, without ids and times."""
    async with lasting(folder) as here:
        return await ending_of(here, row)
