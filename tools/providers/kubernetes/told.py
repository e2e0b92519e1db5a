"""Told: what an owner and its pods tell, as slots, instances and shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Weights
from orchestrate.models.runtime import Instance, Running, Slot
from tools.provider import shares
from tools.providers.kubernetes.pods import Pod, instance
from tools.providers.kubernetes.steered import State, Steered


@dataclass(frozen=True)
class Belief:
    """What we gave to a slot; one that is not wanted was replaced, and is kept for the way back."""

    version: Version
    image: str
    is_wanted: bool
    before: str  # the image that the object had until then


def running_of(
    component: Component, seen: Steered, beliefs: Mapping[str, Belief], new: Sequence[Pod], old: Sequence[Pod]
) -> Running:
    """Only what the object has is shown: the version that it has, or gets, and the one that it falls back to.

    Where somebody gave it another image, the slot that should run is shown with what really does.
    """
    found: list[Slot] = []
    weights: Weights = {}
    is_foreign = seen.image not in {one.image for one in beliefs.values()}
    for name, one in _told_apart(beliefs).items():
        if one.image == seen.image or is_foreign and one.is_wanted and one.image != seen.stable:
            found.append(_slot(component, name, one, seen, new, is_given=True))
            weights[name] = seen.share
        elif one.image == seen.stable:
            found.append(_slot(component, name, one, seen, old, is_given=False))
            weights[name] = 100 - seen.share
    return Running(component=component.name, slots=tuple(found), weights=shares(weights))


def _told_apart(beliefs: Mapping[str, Belief]) -> Mapping[str, Belief]:
    """Of several versions with one image the one that is wanted, as nothing else tells them apart."""
    wanted = {one.image for one in beliefs.values() if one.is_wanted}
    return {name: one for name, one in beliefs.items() if one.is_wanted or one.image not in wanted}


def _slot(
    component: Component, name: str, belief: Belief, seen: Steered, pods: Sequence[Pod], *, is_given: bool
) -> Slot:
    """All pods of a version are one instance, as how many there are is the owner's own.

    `is_given`: it is the version that the object was given last, and so the one of which the owner speaks.
    """
    each = [instance(one, 0) for one in pods]
    sick = next((f"{one.id}: {one.detail}" for one in each if not one.healthy), "")
    really = _really(belief, seen, pods, is_given=is_given)
    is_up = bool(each) and not sick and really == belief.version.tree
    is_in_force = seen.is_promoted and seen.state is not State.FAILED
    is_well = seen.state is State.DONE or is_up and (is_in_force or not is_given)
    whole = Instance(
        id=f"{component.name}-{name}",
        slot=name,
        address="",
        healthy=is_well,
        restarts=sum(one.restarts for one in each),
        started_at=min((one.started_at for one in each), default=datetime.now(UTC)),
        detail="" if is_well else "; ".join(filter(None, [seen.words if is_given else "", sick])),
        tree=really,
    )
    return Slot(name=name, version=belief.version, wanted=1, instances=(whole,))


def _really(belief: Belief, seen: Steered, pods: Sequence[Pod], *, is_given: bool) -> str:
    """The version's tree, if all that runs has its digest; else the image that runs instead."""
    told = [one.image_of(seen.target.container) for one in pods]
    images = [*told, *([seen.image] if is_given else [])]
    digest = belief.image.partition("@")[2]
    return next((one for one in images if one.partition("@")[2] != digest), belief.version.tree)
