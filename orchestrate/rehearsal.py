"""Rehearsal: once a version did well, the way back and forward again, tried where nobody depends on it."""

from __future__ import annotations

from orchestrate.elementary import resized, traffic
from orchestrate.foresight import filled, served
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment, EnvironmentType
from orchestrate.models.move import Move, Verify
from orchestrate.models.plan import Plan
from orchestrate.models.runtime import Running, Slot


def rehearsal(
    component: Component, environment: Environment, before: Running, now: Running, version: Version
) -> tuple[Move, ...]:
    """All of the traffic to the version `before` it, and back to `version`, each looked at.

    Nothing where the version before no longer runs beside it (recreate, a component without traffic), or
    where there was none.
    """
    old, new = _still_there(before, now, version), now.live
    if not is_rehearsed(environment) or not component.port or old is None or new is None:
        return ()
    assert old.version is not None
    whole = before.slot(old.name)
    wanted = max(old.wanted, whole.wanted if whole else 0)
    grown = (resized(component, old, old.wanted, wanted),) if old.wanted < wanted else ()
    back = traffic(component, served(now), {old.name: 100})
    forward = traffic(component, {old.name: 100}, {new.name: 100})
    looks = [
        Verify(component=component.name, slot=slot, version=which)
        for slot, which in ((old.name, old.version), (new.name, version))
    ]
    return (*grown, *back, looks[0], *forward, looks[1])


def is_rehearsed(environment: Environment) -> bool:
    """Whether this environment tries the way back; production never does."""
    return environment.rehearse_rollback and environment.type is not EnvironmentType.PRODUCTION


def rehearsed(plan: Plan, component: str) -> Version | None:
    """The version to which a finished plan went back and from which it came forward again."""
    looked = [step.move for step in plan.moves if isinstance(step.move, Verify)]
    there = (one.version for one in looked if one.component == component and one.version != plan.version)
    return next(there, None)


def _still_there(before: Running, now: Running, version: Version) -> Slot | None:
    live = before.live
    if live is None or live.version is None or live.version.tree == version.tree:
        return None
    return next(
        (slot for slot in filled(now) if slot.name == live.name and slot.version == live.version), None
    )
