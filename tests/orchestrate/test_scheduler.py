"""The scheduler: what is due is driven, once at a time, and no fault of one ends the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from orchestrate.errors import StoreUnusable
from orchestrate.models.deployment import ForTime, Request, Stage
from orchestrate.scheduler import AT_ONCE_AGAIN, LocalScheduler
from orchestrate.store import Store


def accepted(store: Store) -> str:
    request = Request(environment="production", requested_by="rob")
    return store.deployments.accept(request, "shop", 1).id


def rested(store: Store, deployment: str, until: float) -> None:
    """As the runner leaves it: waiting."""
    lease = store.leases.take(deployment, "test", 60)
    assert lease is not None
    store.deployments.entered(lease, Stage.WATCH)
    store.deployments.waits(lease, ForTime(until=until), until)
    store.leases.release(lease)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.005)


class Engine:
    """A scheduler that runs, and what it drove."""

    def __init__(self, store: Store, *, at_once: int = 8) -> None:
        self.store, self.driven, self.stop = store, list[str](), asyncio.Event()
        self.scheduler = LocalScheduler(store, self.drive, tick=0.01, at_once=at_once)
        self.is_slow = asyncio.Event()
        self.is_slow.set()
        self.faults: dict[str, Exception] = {}

    async def drive(self, deployment: str) -> None:
        self.driven.append(deployment)
        await self.is_slow.wait()
        rested(self.store, deployment, self.store.clock() + 1000)
        if deployment in self.faults:
            raise self.faults[deployment]

    async def __aenter__(self) -> Engine:
        self.running = asyncio.create_task(self.scheduler.run(self.stop))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop.set()
        self.is_slow.set()
        if not self.running.done():
            await self.running


async def test_what_is_due_is_driven_once(store: Store) -> None:
    deployment = accepted(store)

    async with Engine(store) as engine:
        await until(lambda: bool(engine.driven))
        await asyncio.sleep(0.05)

    assert engine.driven == [deployment]


async def test_what_waits_is_driven_when_it_is_nudged(store: Store) -> None:
    deployment = accepted(store)
    rested(store, deployment, store.clock() + 1000)

    async with Engine(store) as engine:
        await asyncio.sleep(0.03)
        assert engine.driven == []
        engine.scheduler.nudge(deployment)
        await until(lambda: engine.driven == [deployment])


async def test_what_waits_for_a_time_is_driven_then(store: Store) -> None:
    deployment = accepted(store)
    rested(store, deployment, store.clock() + 0.05)

    async with Engine(store) as engine:
        await until(lambda: engine.driven == [deployment])


async def test_one_deployment_is_driven_by_one_task_at_a_time(store: Store) -> None:
    deployment = accepted(store)

    async with Engine(store) as engine:
        engine.is_slow.clear()
        await until(lambda: bool(engine.driven))
        engine.scheduler.nudge(deployment)
        await asyncio.sleep(0.05)
        assert engine.driven == [deployment]


async def test_only_so_many_are_driven_at_once(store: Store) -> None:
    for _ in range(3):
        accepted(store)

    async with Engine(store, at_once=2) as engine:
        engine.is_slow.clear()
        await until(lambda: len(engine.driven) == 2)
        await asyncio.sleep(0.05)
        assert len(engine.driven) == 2
        engine.is_slow.set()
        await until(lambda: len(engine.driven) == 3)


async def test_stopping_lets_what_is_under_way_come_to_a_wait(store: Store) -> None:
    deployment = accepted(store)
    engine = Engine(store)
    engine.is_slow.clear()
    async with engine:
        await until(lambda: bool(engine.driven))

    row = store.deployments.deployment(deployment)
    assert row.waits_for is not None


async def test_a_fault_of_ours_is_kept_with_its_traceback_and_ends_nothing_else(store: Store) -> None:
    bad, good = accepted(store), accepted(store)

    engine = Engine(store)
    engine.faults[bad] = ZeroDivisionError("a fault of ours")
    async with engine:
        await until(lambda: {bad, good} <= set(engine.driven))
        await until(lambda: any(one.kind == "crashed" for one in store.events.of(bad)))

    assert any("ZeroDivisionError" in line.text for line in store.logs.read(bad))


async def test_a_store_that_cannot_be_used_ends_the_engine(store: Store) -> None:
    deployment = accepted(store)
    engine = Engine(store)
    engine.faults[deployment] = StoreUnusable("the disk is full")

    async with engine:
        with pytest.raises(StoreUnusable):
            await asyncio.wait_for(engine.running, 5)


async def test_what_ends_in_a_fault_again_and_again_rests_and_takes_nobodys_place(store: Store) -> None:
    poison, other = accepted(store), accepted(store)
    driven: list[str] = []

    async def drive(deployment: str) -> None:
        driven.append(deployment)
        if deployment == poison:
            raise KeyError("ours")
        rested(store, deployment, store.clock() + 1000)

    stop = asyncio.Event()
    scheduler = LocalScheduler(store, drive, tick=0.01, at_once=1)
    running = asyncio.create_task(scheduler.run(stop))
    await until(lambda: other in driven)
    await asyncio.sleep(0.2)
    stop.set()
    await running

    assert driven.count(poison) == AT_ONCE_AGAIN + 1
    assert driven.count(other) == 1
