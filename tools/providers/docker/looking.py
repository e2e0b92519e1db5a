"""Looking: how a container does, in the words of an instance."""

from __future__ import annotations

import time

from orchestrate.models.environment import Component
from orchestrate.models.runtime import Instance
from tools.providers.docker.containers import Container
from tools.providers.fleet import health
from tools.providers.fleet.troubles import OVER_LIMIT


async def ailment(component: Component, one: Container) -> str:
    """What is wrong with it at this moment; '' when it is well."""
    state = one.state
    if state.is_over_limit and state.status != "running":
        return f"{OVER_LIMIT}: {component.memory_limit} MiB"
    if state.status != "running":
        return _down(one)
    found = state.health.status if state.health else ""
    if found == "unhealthy":
        return "its image's HEALTHCHECK fails"
    if component.port:
        return await health.trouble(component.health, one.port)
    if found == "starting":
        return "its image's HEALTHCHECK has not passed yet"
    return "just started" if time.time() - one.started_at.timestamp() < health.ALIVE else ""


def _down(one: Container) -> str:
    state = one.state
    match state.status:
        case "restarting":
            return f"ended with {state.exit_code}"
        case "exited" | "dead":
            why = f": {state.error}" if state.error else ""
            return f"ended with {state.exit_code}, and is not started again{why}"
        case "created":
            return "was never started"
        case _:
            return f"it is {state.status}"


def instance(component: Component, one: Container, why: str) -> Instance:
    has_ended = one.restarts > 0 or one.state.status in ("exited", "dead")
    return Instance(
        id=one.id,
        slot=one.slot,
        address=one.address if component.port else "",
        healthy=not why,
        restarts=one.restarts,
        started_at=one.started_at,
        pid=one.state.pid or None,
        last_exit=one.state.exit_code if has_ended else None,
        detail=why,
        tree=one.tree,
    )
