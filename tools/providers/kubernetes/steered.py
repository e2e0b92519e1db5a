"""Steered: how the object of somebody else does to which a deployment is handed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, cast

from orchestrate.errors import OutsideFailed
from orchestrate.models.environment import Component
from tools.providers.kubernetes.kubectl import Json, Kind, Target


class State(StrEnum):
    """How far the object is with the image that it was given."""

    DONE = "done"
    UNDER_WAY = "under way"
    WAITS = "waits"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Steered:
    """The object at one moment, as it tells it itself."""

    title: str  # such as: the Rollout shop
    workload: str  # with which the names of its ReplicaSets and new pods begin
    target: Target
    stable: str  # the image that it falls back to
    state: State
    words: str
    share: int  # percent of the traffic that the image of the target has
    mark: str  # another one once the object has taken the image up; '': `state` is never of before
    halted: str  # why it does nothing, whatever its image is; '' where it works
    new: str  # labels of the pods that run the image of the target
    old: str  # labels of those that run the stable one; '' where there are none

    @property
    def image(self) -> str:
        return self.target.image

    @property
    def is_promoted(self) -> bool:
        """Whether it falls back to nothing else."""
        return self.image == self.stable


class Owner(Protocol):
    """An object that steers a workload; it is only looked at."""

    async def look(self) -> Steered:
        """Raises OutsideFailed where it is not there, or not as it can be handed over to."""
        ...


def target_of(kind: Kind, found: Json, component: Component) -> Target:
    """The container that a component is: called as it is, or the only one. Raises OutsideFailed."""
    about, template = cast("dict[str, str]", found["metadata"]), template_of(found)
    containers = cast("list[dict[str, str]]", template.get("containers") or [])
    names = [one["name"] for one in containers]
    if component.name not in names and len(names) != 1:
        has = " ".join(names) or "none at all"
        raise OutsideFailed(
            f"{kind.value} {about['name']} has no container {component.name}: {has}",
            cure="call the component as its container",
        )
    index = names.index(component.name) if component.name in names else 0
    image = containers[index].get("image", "")
    return Target(kind, about["name"], about["resourceVersion"], index, names[index], image)


def image_in(found: Json | None, container: str) -> str:
    """The image of this container in an object's pod template; '' where there is none."""
    containers = cast("list[dict[str, str]]", template_of(found).get("containers") or []) if found else []
    return next((one.get("image", "") for one in containers if one["name"] == container), "")


def template_of(found: Json) -> Json:
    """The spec of the pods that an object makes."""
    spec = cast("Json", found.get("spec") or {})
    return cast("Json", cast("Json", spec.get("template") or {}).get("spec") or {})


def chosen_by(found: Json, more: Mapping[str, str] | None = None) -> str:
    """The labels by which an object finds its pods, as a selector. Raises OutsideFailed."""
    spec = cast("dict[str, dict[str, dict[str, str]]]", found.get("spec") or {})
    labels = {**spec.get("selector", {}).get("matchLabels", {}), **(more or {})}
    if not spec.get("selector", {}).get("matchLabels"):
        raise OutsideFailed("the object finds its pods by no labels", cure="selector: {matchLabels: …}")
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
