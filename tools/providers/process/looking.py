"""Looking: how a process does, in the words of an instance."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from orchestrate.models.environment import Component
from orchestrate.models.runtime import Instance
from orchestrate.models.smoke import HealthCheck
from tools.providers.fleet.health import ALIVE, trouble_now
from tools.providers.fleet.troubles import OVER_LIMIT
from tools.providers.process.instances import Copy
from tools.providers.process.memory import resident

Ask = Callable[[HealthCheck, int], Awaitable[str]]


async def ailment(component: Component, copy: Copy, ask: Ask) -> str:
    """What is wrong with an instance at this moment; '' when it is well."""
    down = _down(copy)
    if down or copy.state is None or copy.child is None:
        return down
    limit, held = copy.spec.memory_limit, resident(copy.child.pid)
    if limit and held > limit:
        return f"{OVER_LIMIT}: {held:.0f} MiB > {limit} MiB"
    if not _listens(component):
        return "just started" if time.time() - copy.state.started_at < ALIVE else ""
    words = await ask(component.health, copy.spec.port)
    return (_down(copy.now()) or words) if words else ""


async def beginning(component: Component, copy: Copy, before: int) -> Instance:
    """One that is waited for; where it ended since it was `before` times restarted, why it did is told."""
    copy = copy.now()
    why = await ailment(component, copy, trouble_now)
    has_ended = copy.state is not None and copy.state.restarts > before
    return instance(component, copy, copy.state.detail if why and copy.state and has_ended else why)


def instance(component: Component, copy: Copy, why: str) -> Instance:
    state, child = copy.state, copy.child if copy.is_running else None
    return Instance(
        id=copy.id,
        slot=copy.slot,
        address=copy.address if component.port else "",
        healthy=not why,
        restarts=state.restarts if state else 0,
        started_at=datetime.fromtimestamp(state.started_at if state else 0, UTC),
        pid=child.pid if child else None,
        last_exit=state.last_exit if state else None,
        detail=why,
        tree=copy.spec.tree,
    )


def _listens(component: Component) -> bool:
    """Whether an instance can be asked over the network."""
    return component.port > 0 or any("{port}" in word for word in component.run)


def _down(copy: Copy) -> str:
    if copy.state is None or not copy.is_supervised:
        return "its supervisor is gone"
    return "" if copy.is_running else copy.state.detail or "it does not run"
