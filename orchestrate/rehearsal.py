"""Rehearsal: once a version did well, the way back and forward again, tried where nobody depends on it."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.elementary import resized, traffic
from orchestrate.foresight import filled, served
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment, EnvironmentType
from orchestrate.models.move import Move, Scale, Verify
from orchestrate.models.plan import Plan
from orchestrate.models.rehearsed import cannot
from orchestrate.models.runtime import Running, Slot


def rehearsal(
    component: Component,
    environment: Environment,
    before: Running,
    now: Running,
    version: Version,
    one_way: Sequence[str] = (),
) -> tuple[Move, ...]:
    """All of the traffic to the version `before` it, and back to `version`, each looked at.

    Nothing where that cannot be, or where there was no version before. `one_way` are the migrations of
    this deployment after which the version before may not run.
    """
    old, new = _still_there(before, now, version), now.live
    is_tried = is_rehearsed(environment) and not cannot(
        component, environment.strategy_of(component), one_way
    )
    if not is_tried or old is None or new is None:
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
    return bool(environment.rehearse_rollback) and environment.type is not EnvironmentType.PRODUCTION


def rehearsed(plan: Plan, component: str) -> Version | None:
    """The version to which a finished plan went back and from which it came forward again."""
    looked = (plan.moves[index].move for index in rehearsed_at(plan, component))
    return next((one.version for one in looked if isinstance(one, Verify)), None)


def rehearsed_at(plan: Plan, component: str) -> range:
    """The places in the plan of a component's rehearsal, to its last look; empty: there is none."""
    looks = [
        (index, step.move.version)
        for index, step in enumerate(plan.moves)
        if isinstance(step.move, Verify) and step.move.component == component
    ]
    back = next((index for index, version in looks if version != plan.version), None)
    if back is None:
        return range(0)
    is_grown = isinstance(plan.moves[back - 2].move, Scale)
    return range(back - (2 if is_grown else 1), looks[-1][0] + 1)


def _still_there(before: Running, now: Running, version: Version) -> Slot | None:
    live = before.live
    if live is None or live.version is None or live.version.tree == version.tree:
        return None
    return next(
        (slot for slot in filled(now) if slot.name == live.name and slot.version == live.version), None
    )
