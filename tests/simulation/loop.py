"""A loop whose time is a number: turns are given out by a seed, and parties can be paused or killed."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from itertools import count
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

WORLD = "world"
PARTY: ContextVar[str] = ContextVar("party", default=WORLD)
"""Who runs: a worker's process, people, or the world around them. What a party starts is its own."""


class Stalled(Exception):
    """Everybody waits for somebody, and no time will change that."""


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs one callback at a time, of a party that `chance` chooses; each party's own stay in their order.

    When nobody can go on, time jumps to the next timer. No thread, no socket, no real second.
    """

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._now = 0.0
        self._ready: dict[str, deque[asyncio.Handle]] = {}
        self._timers: list[tuple[float, int, str, asyncio.TimerHandle]] = []
        self._numbers = count()
        self._paused: set[str] = set()
        self._tasks: dict[str, dict[asyncio.Task[Any], None]] = {}
        self.faults: list[str] = []

    def time(self) -> float:
        return self._now

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Until `work` is done. Raises Stalled when it never will be."""
        asyncio._set_running_loop(self)
        try:
            task = self.create_task(work)
            while not task.done():
                self._turn()
            return task.result()
        finally:
            asyncio._set_running_loop(None)

    def pause(self, party: str) -> None:
        """As SIGSTOP does: nothing of it runs, and nothing is lost."""
        self._paused.add(party)

    def resume(self, party: str) -> None:
        """As SIGCONT does."""
        self._paused.discard(party)

    def kill(self, party: str) -> None:
        """End everything of it; who calls has closed every door before it."""
        self.resume(party)
        for task in self._tasks.pop(party, {}):
            task.cancel()

    def as_party(self, party: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task of that party."""
        context = contextvars.copy_context()
        context.run(PARTY.set, party)
        return self.create_task(work, context=context)

    def later_in(self, party: str, seconds: float, callback: Callable[[], object]) -> None:
        """Call it as that party."""
        context = contextvars.copy_context()
        context.run(PARTY.set, party)
        self.call_at(self._now + seconds, callback, context=context)

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:
        context = context or contextvars.copy_context()
        handle = asyncio.Handle(callback, args, self, context)
        self._put(context.get(PARTY, WORLD), handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        context = context or contextvars.copy_context()
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), context.get(PARTY, WORLD), handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, **named: Any) -> asyncio.Task[Any]:
        context: Context = named.get("context") or contextvars.copy_context()
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=named.get("name"), context=context)
        mine = self._tasks.setdefault(context.get(PARTY, WORLD), {})
        mine[task] = None
        task.add_done_callback(lambda done: mine.pop(done, None))
        return task

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
        """At once, on this thread: what is to happen in between, another thread would choose."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as problem:  # noqa: BLE001 - whoever awaits it decides
            done.set_exception(problem)
        return done

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        self.call_exception_handler(context)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        problem = context.get("exception")
        if isinstance(problem, Exception):
            self.faults.append(f"{context.get('message')}: {type(problem).__name__}: {problem}")

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is passed over when its time comes."""

    def _put(self, party: str, handle: asyncio.Handle) -> None:
        if party not in self._ready:
            self._ready[party] = deque()
        self._ready[party].append(handle)

    def _turn(self) -> None:
        self._ring()
        able = [party for party, waiting in self._ready.items() if waiting and party not in self._paused]
        if not able:
            if not self._timers:
                raise Stalled
            self._now = max(self._now, self._timers[0][0])
            return
        party = able[0] if len(able) == 1 else self._chance.choice(able)
        handle = self._ready[party].popleft()
        if not handle.cancelled():
            handle._run()

    def _ring(self) -> None:
        while self._timers and self._timers[0][0] <= self._now:
            _, _, party, handle = heapq.heappop(self._timers)
            if not handle.cancelled():
                self._put(party, handle)
