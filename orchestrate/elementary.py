"""Elementary: the single moves of which strategies are made."""

from __future__ import annotations

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Move, Scale, SetTraffic, Start, Weights
from orchestrate.models.runtime import Slot


def shared(new: str, old: str, share: int) -> Weights:
    return {new: 100} if share == 100 else {new: share, old: 100 - share}


def clamped(share: float) -> int:
    return min(99, max(1, round(share)))


def traffic(component: Component, was: Weights, weights: Weights) -> tuple[SetTraffic, ...]:
    """The move to `weights`; none where there is no traffic or nothing would change."""
    before = {slot: share for slot, share in was.items() if share}
    if not component.port or before == weights:
        return ()
    return (SetTraffic(component=component.name, was=before, weights=weights),)


def started(component: Component, slot: str, version: Version) -> Start:
    return Start(component=component.name, slot=slot, version=version, instances=component.instances)


def grown(component: Component, slot: str, version: Version, was: int, count: int) -> Move:
    """From `was` instances of a version to `count`; the first ones are started."""
    if not was:
        return Start(component=component.name, slot=slot, version=version, instances=count)
    return Scale(component=component.name, slot=slot, version=version, was=was, instances=count)


def resized(component: Component, slot: Slot, was: int, count: int) -> Move:
    assert slot.version is not None
    return Scale(component=component.name, slot=slot.name, version=slot.version, was=was, instances=count)
