"""The scheduler: who is driven when; waiting deployments are rows and cost nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from orchestrate.errors import StoreUnusable
from orchestrate.store import Store

Driving = Callable[[str], Awaitable[object]]


AT_ONCE_AGAIN = 3
"""Faults in a row after which a deployment is tried at once: then the runner parks it."""
LONGEST_REST = 300.0  # seconds


class Scheduler(Protocol):
    """Wakes deployments that are due."""

    def nudge(self, deployment: str) -> None:
        """Drive this one as soon as possible."""
        ...

    async def run(self, stop: asyncio.Event) -> None:
        """Drive what is due until told to stop; then let what is under way come to a wait."""
        ...


class LocalScheduler:
    """The engine for one machine: looks into the store a few times a second.

    A drive that ends in a fault of ours is recorded with its traceback; the deployment is tried again, and
    parked by the runner when that happens too often. Where even that ends in a fault, it rests longer and
    longer, and takes nobody's place meanwhile. A store that cannot be used ends the engine.
    """

    def __init__(self, store: Store, drive: Driving, *, tick: float = 0.25, at_once: int = 8) -> None:
        self._store, self._drive = store, drive
        self._tick, self._at_once = tick, at_once
        self._driving: dict[str, asyncio.Task[None]] = {}
        self._nudged: dict[str, None] = {}
        self._bell = asyncio.Event()
        self._broken: StoreUnusable | None = None
        self._faults: dict[str, int] = {}  # how often in a row
        self._resting: dict[str, float] = {}  # until when, in the loop's time

    def nudge(self, deployment: str) -> None:
        """Drive this one as soon as possible."""
        self._nudged[deployment] = None
        self._bell.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Drive what is due until told to stop; then let what is under way come to a wait.

        Cancelled, it abandons what is under way, as a crash would, before anybody closes the store.
        """
        try:
            while not stop.is_set() and self._broken is None:
                self._start_due()
                await self._rest(stop)
            if self._driving:
                await asyncio.gather(*self._driving.values())
        finally:
            await self._abandon()
        if self._broken is not None:
            raise self._broken

    async def _abandon(self) -> None:
        left = list(self._driving.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _start_due(self) -> None:
        room = self._at_once - len(self._driving)
        if room <= 0:
            return
        now = asyncio.get_running_loop().time()
        self._resting = {one: until for one, until in self._resting.items() if until > now}
        found = self._store.deployments.due(self._store.clock(), room + len(self._resting))
        waiting = [one for one in found if one not in self._resting][:room]
        due = dict.fromkeys((*(one for one in self._nudged if one not in self._resting), *waiting))
        self._nudged.clear()
        for deployment in due:
            if deployment not in self._driving:
                self._driving[deployment] = asyncio.create_task(self._one(deployment))

    async def _one(self, deployment: str) -> None:
        try:
            await self._drive(deployment)
            self._faults.pop(deployment, None)
        except StoreUnusable as broken:
            self._broken = broken
        except Exception as fault:  # noqa: BLE001 - the outermost loop: one deployment must not end the others
            self._record(deployment, fault)
        finally:
            self._driving.pop(deployment, None)
            self._bell.set()

    def _record(self, deployment: str, fault: Exception) -> None:
        faults = self._faults[deployment] = self._faults.get(deployment, 0) + 1
        if faults > AT_ONCE_AGAIN:
            rest = min(LONGEST_REST, 2.0 ** min(faults - AT_ONCE_AGAIN, 10))
            self._resting[deployment] = asyncio.get_running_loop().time() + rest
        self._store.keep_fault(deployment, "crashed", fault)

    async def _rest(self, stop: asyncio.Event) -> None:
        waits = [asyncio.create_task(self._bell.wait()), asyncio.create_task(stop.wait())]
        await asyncio.wait(waits, timeout=self._tick, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        self._bell.clear()
