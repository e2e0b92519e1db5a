"""Shares: the traffic of a service as a list of targets, each way in which it is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrate.models.move import Weights
from tools.providers.cloudrun.answers import Allocation, Service, Target, short

Targets = tuple[Target, ...]


def pinned(service: Service) -> Targets:
    """What is asked now, every part by the name of its revision.

    A part that goes to the latest revision would go to the next one by itself, as soon as that is ready.
    """
    latest = short(service.latest_ready_revision)
    asked = service.traffic or (Target(type=Allocation.LATEST, percent=100),)
    by_name = (_named(one, latest) for one in asked)
    return merged(one for one in by_name if one.revision)


def in_force(service: Service) -> Targets:
    """What is in force, every part by the name of its revision."""
    latest = short(service.latest_ready_revision)
    return merged(_named(one, latest) for one in service.traffic_statuses)


def merged(targets: Iterable[Target]) -> Targets:
    """Each revision with a tag has its percents there; what has neither is left out."""
    found = list(targets)
    percents: dict[str, int] = {}
    for one in found:
        percents[one.revision] = percents.get(one.revision, 0) + one.percent
    made: list[Target] = []
    for one in sorted(found, key=lambda one: not one.tag):
        percent = percents.pop(one.revision, 0)
        if one.tag or percent:
            made.append(Target(type=Allocation.REVISION, revision=one.revision, percent=percent, tag=one.tag))
    return tuple(sorted(made, key=lambda one: (one.revision, one.tag)))


def placed(targets: Targets, slot: str, revision: str) -> Targets:
    """The slot's tag and percents at `revision`."""
    before = {one.revision for one in targets if one.tag == slot}
    percent = sum(one.percent for one in targets if one.revision in before)
    others = [
        one.model_copy(update={"percent": 0}) if one.revision in before else one
        for one in targets
        if one.tag != slot
    ]
    return merged([*others, Target(revision=revision, percent=percent, tag=slot)])


def shared(targets: Targets, slots: Mapping[str, str], weights: Weights) -> Targets:
    """All of the traffic as `weights` say; `slots` are their revisions. Others keep their tags alone."""
    tags = [one.model_copy(update={"percent": 0}) for one in targets if one.tag]
    parts = [Target(revision=slots[name], percent=share) for name, share in weights.items() if share]
    return merged([*tags, *parts])


def untagged(targets: Targets, slot: str) -> Targets:
    """Without the slot's tag."""
    return merged(one.model_copy(update={"tag": ""}) if one.tag == slot else one for one in targets)


def weights_of(targets: Targets, slots: Mapping[str, str]) -> Weights:
    """The percents of each slot; what a revision has that is in none stands under the revision's name."""
    names = {revision: slot for slot, revision in slots.items()}
    found: Weights = {}
    for one in targets:
        if one.percent:
            name = names.get(one.revision, one.revision)
            found[name] = found.get(name, 0) + one.percent
    return found if slots else {}


def _named(target: Target, latest: str) -> Target:
    revision = short(target.revision) or latest
    return target.model_copy(update={"revision": revision})
