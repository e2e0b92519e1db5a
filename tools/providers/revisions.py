"""Revisions: by which name one is found again, and the parts of the traffic that are shared among them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from orchestrate.errors import StartFailed
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.fact import Fact
from orchestrate.models.move import Weights
from tools.provider import shares, without

ATTEMPTS = 50


@dataclass(frozen=True)
class Wish:
    """What a revision should run."""

    component: Component
    slot: str
    version: Version
    instances: int
    image: str  # by its digest
    variables: Mapping[str, str]

    def fingerprint(self, *how: object) -> str:
        """The same for the same wish that runs in the same way, and for no other; `how` goes as JSON."""
        told = [self.slot, self.version.tree, self.instances, self.image, sorted(self.variables.items())]
        return hashlib.sha256(json.dumps([told, how], default=list).encode()).hexdigest()[:8]


class Made(Protocol):
    """A revision of any vendor."""

    @property
    def has_failed(self) -> bool: ...


M = TypeVar("M", bound=Made)


async def free(
    wished: str, version: Version, find: Callable[[str], Awaitable[M | None]]
) -> tuple[str, M | None]:
    """A name that begins with `wished`, and the revision that has it already; those that failed keep theirs.

    Raises StartFailed where too many did, and what `find` raises.
    """
    for number in range(1, ATTEMPTS):
        name = f"{wished}-{number}"
        found = await find(name)
        if found is None or not found.has_failed:
            return name, found
    raise StartFailed(f"{version.name} failed {ATTEMPTS - 1} times", cure="remove its failed revisions")


class Part(Fact):
    """A part of the traffic: a revision, its percents, and the tag by which it has an address of its own."""

    revision: str
    percent: int = 0
    tag: str = ""


Parts = tuple[Part, ...]


def merged(parts: Iterable[Part]) -> Parts:
    """Each revision with a tag has its percents there; what has neither is left out."""
    found = list(parts)
    percents: dict[str, int] = {}
    for one in found:
        percents[one.revision] = percents.get(one.revision, 0) + one.percent
    made: list[Part] = []
    for one in sorted(found, key=lambda one: not one.tag):
        percent = percents.pop(one.revision, 0)
        if one.tag or percent:
            made.append(Part(revision=one.revision, percent=percent, tag=one.tag))
    return tuple(sorted(made, key=lambda one: (one.revision, one.tag)))


def placed(parts: Parts, slot: str, revision: str) -> Parts:
    """The slot's tag and percents at `revision`."""
    before = {one.revision for one in parts if one.tag == slot}
    percent = sum(one.percent for one in parts if one.revision in before)
    others = [
        one.model_copy(update={"percent": 0}) if one.revision in before else one
        for one in parts
        if one.tag != slot
    ]
    return merged([*others, Part(revision=revision, percent=percent, tag=slot)])


def shared(parts: Parts, slots: Mapping[str, str], weights: Weights) -> Parts:
    """All of the traffic as `weights` say; `slots` are their revisions. Others keep their tags alone."""
    tags = [one.model_copy(update={"percent": 0}) for one in parts if one.tag]
    given = [Part(revision=slots[name], percent=share) for name, share in weights.items() if share]
    return merged([*tags, *given])


def emptied(parts: Parts, slots: Mapping[str, str], weights: Weights, slot: str) -> Parts:
    """What the slot has goes to the others, each in proportion; () where nobody else has any."""
    if not weights.get(slot):
        return parts
    left = without(weights, slot)
    return shared(parts, {**{name: name for name in left}, **slots}, left) if shares(left) else ()


def untagged(parts: Parts, slot: str) -> Parts:
    """Without the slot's tag."""
    return merged(one.model_copy(update={"tag": ""}) if one.tag == slot else one for one in parts)


def weights_of(parts: Parts, slots: Mapping[str, str]) -> Weights:
    """The percents of each slot; what a revision has that is in none stands under the revision's name."""
    names = {revision: slot for slot, revision in slots.items()}
    found: Weights = {}
    for one in parts:
        if one.percent:
            name = names.get(one.revision, one.revision)
            found[name] = found.get(name, 0) + one.percent
    return found if slots else {}
