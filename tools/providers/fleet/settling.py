"""Settling: wait until instances are well, or say in one sentence why they do not get there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from orchestrate.errors import StartFailed
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Instance
from tools.providers.fleet.troubles import CRASHES, HUNG, OVER_LIMIT

AGAIN = 0.1
Look = Callable[[], Awaitable[Sequence[Instance]]]
End = Callable[[str], Awaitable[tuple[str, ...]]]


async def until_well(
    component: Component, wanted: int, crashes: Mapping[str, int], look: Look, end: End
) -> None:
    """Return when `wanted` instances are well at the same time.

    `crashes` tells how often each had been restarted before, `end` the end of what one wrote. Raises
    StartFailed naming the reason: one that vanished, a crash loop, a hang, or an unhealthy answer.
    """
    began = time.monotonic()
    while True:
        seen = await look()
        if len(seen) == wanted and all(one.healthy for one in seen):
            return
        is_late = time.monotonic() - began > component.health.start_seconds
        sick = [one for one in seen if not one.healthy]
        for one in sick:
            if (number := one.restarts - crashes.get(one.id, 0)) >= (1 if is_late else CRASHES):
                raise _crashed(one, number, await end(one.id))
        if is_late and len(seen) != wanted:
            raise StartFailed(
                f"{component.name}: {len(seen)} instead of {wanted} instances run",
                cure="find out who starts or removes them meanwhile, and let them stop",
            )
        if is_late:
            raise _too_late(component, sick[0], await end(sick[0].id))
        await asyncio.sleep(AGAIN)


def _crashed(one: Instance, number: int, lines: tuple[str, ...]) -> StartFailed:
    how = "crash loop" if number >= CRASHES else "does not stay up"
    what = one.detail if one.detail.startswith(OVER_LIMIT) else f"{how}: {one.detail}"
    times = f"{number} times" if number > 1 else "once"
    return StartFailed(f"{one.id}: {what} ({times}){_indented(lines)}", cure=_cure(what))


def _too_late(component: Component, one: Instance, lines: tuple[str, ...]) -> StartFailed:
    waited = f"after {component.health.start_seconds} s"
    how = " hangs at start:" if one.detail.startswith(HUNG) else " is unhealthy:"
    how = ":" if one.detail.startswith(OVER_LIMIT) else how
    return StartFailed(f"{one.id}{how} {one.detail} {waited}{_indented(lines)}", cure=_cure(one.detail))


def _indented(lines: tuple[str, ...]) -> str:
    return "".join(f"\n  {line}" for line in lines)


def _cure(what: str) -> str:
    if what.startswith(OVER_LIMIT):
        return "use less memory, or raise memory_limit of the component"
    if what.startswith(("crash loop", "does not stay up")):
        return "read the end of its log above; the command is `run` of the component, or its image's own"
    return (
        "check `health` of the component, and that it listens on 0.0.0.0 and $PORT in its container, "
        "or on 127.0.0.1 and $PORT where it is a process"
    )
