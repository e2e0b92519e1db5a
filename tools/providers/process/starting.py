"""Starting: wait until instances are well, or say in one sentence why they do not get there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from orchestrate.errors import StartFailed
from orchestrate.models.environment import Component
from orchestrate.models.smoke import HealthCheck
from tools.providers.fleet.health import trouble_now
from tools.providers.fleet.troubles import CRASHES, HUNG, OVER_LIMIT
from tools.providers.process.instances import Copy
from tools.providers.process.log_file import newest
from tools.providers.process.memory import resident

ALIVE = 1.0  # seconds that an instance must live where nothing can be asked
AGAIN = 0.1
END_LINES = 20
Ask = Callable[[HealthCheck, int], Awaitable[str]]


def listens(component: Component) -> bool:
    """Whether an instance can be asked over the network."""
    return component.port > 0 or any("{port}" in word for word in component.run)


async def ailment(component: Component, copy: Copy, ask: Ask = trouble_now) -> str:
    """What is wrong with an instance at this moment; '' when it is well."""
    down = _down(copy)
    if down or copy.state is None or copy.child is None:
        return down
    limit, held = copy.spec.memory_limit, resident(copy.child.pid)
    if limit and held > limit:
        return f"{OVER_LIMIT}: {held:.0f} MiB > {limit} MiB"
    if not listens(component):
        return "just started" if time.time() - copy.state.started_at < ALIVE else ""
    words = await ask(component.health, copy.spec.port)
    return (_down(copy.now()) or words) if words else ""


def _down(copy: Copy) -> str:
    if copy.state is None or not copy.is_supervised:
        return "its supervisor is gone"
    return "" if copy.is_running else copy.state.detail or "it does not run"


async def until_well(component: Component, copies: Sequence[Copy], crashes: Mapping[Path, int]) -> None:
    """Return when all `copies` are well at the same time.

    `crashes` tells how often each had been restarted before. Raises StartFailed naming the reason: a crash
    loop, memory over the limit, a hang, or an unhealthy answer.
    """
    began = time.monotonic()
    while True:
        copies = [copy.now() for copy in copies]
        words = await asyncio.gather(*(ailment(component, copy) for copy in copies))
        if not any(words):
            return
        is_late = time.monotonic() - began > component.health.start_seconds
        for copy in copies:
            _refuse_crashes(copy, crashes.get(copy.folder, 0), at_most=0 if is_late else CRASHES - 1)
        if is_late:
            copy, why = next((copy, why) for copy, why in zip(copies, words, strict=True) if why)
            raise _too_late(component, copy, why)
        await asyncio.sleep(AGAIN)


def _refuse_crashes(copy: Copy, before: int, at_most: int) -> None:
    """Raise StartFailed when the instance ended more often than `at_most` since it was started."""
    state = copy.state
    if state is None or state.restarts - before <= at_most:
        return
    number = state.restarts - before
    how = "crash loop" if number >= CRASHES else "does not stay up"
    what = state.detail if state.detail.startswith(OVER_LIMIT) else f"{how}: {state.detail}"
    times = f"{number} times" if number > 1 else "once"
    raise StartFailed(f"{copy.id}: {what} ({times}){_log_end(copy)}", cure=_cure(what))


def _too_late(component: Component, copy: Copy, why: str) -> StartFailed:
    waited = f"after {component.health.start_seconds} s"
    what = "hangs at start" if why.startswith(HUNG) else "is unhealthy"
    if why.startswith(OVER_LIMIT):
        return StartFailed(f"{copy.id}: {why} {waited}{_log_end(copy)}", cure=_cure(why))
    return StartFailed(f"{copy.id} {what}: {why} {waited}{_log_end(copy)}", cure=_cure(what))


def _log_end(copy: Copy) -> str:
    lines = newest(copy.folder, END_LINES)
    return "".join(f"\n  {line.text}" for line in lines)


def _cure(what: str) -> str:
    if what.startswith(OVER_LIMIT):
        return "use less memory, or raise memory_limit of the component"
    if what.startswith(("crash loop", "does not stay up")):
        return "read the end of its log above; the command is `run` of the component"
    return "check `health` of the component, and that the program listens on 127.0.0.1:$PORT"
