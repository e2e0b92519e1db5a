"""Pods: how the instances of a slot do, in the cluster's own words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, Field

from orchestrate.models.runtime import Instance
from tools.providers.kubernetes.kubectl import Json
from tools.providers.kubernetes.objects import SLOT, TREE

STUCK = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "CreateContainerConfigError",
        "CreateContainerError",
    }
)
"""Why a container waits that no waiting mends."""


class Ended(BaseModel):
    """How a container ended."""

    exitCode: int = 0
    reason: str = ""


class Waits(BaseModel):
    """Why a container is not there yet."""

    reason: str = ""
    message: str = ""


class State(BaseModel):
    """What a container does."""

    waiting: Waits | None = None
    terminated: Ended | None = None


class ContainerStatus(BaseModel):
    """How a container does."""

    ready: bool = False
    restartCount: int = 0
    state: State = State()
    lastState: State = State()


class Condition(BaseModel):
    """One thing that is so, or is not."""

    type: str
    status: str
    reason: str = ""
    message: str = ""


class Status(BaseModel):
    """How a pod does."""

    phase: str = "Pending"
    podIP: str = ""
    conditions: tuple[Condition, ...] = ()
    containerStatuses: tuple[ContainerStatus, ...] = ()


class Metadata(BaseModel):
    """Which pod it is."""

    name: str
    labels: dict[str, str] = {}
    creationTimestamp: datetime = Field(default_factory=lambda: datetime.now(UTC))
    deletionTimestamp: datetime | None = None


class Container(BaseModel):
    """What a container is made of."""

    name: str
    image: str = ""


class Spec(BaseModel):
    """What a pod runs."""

    containers: tuple[Container, ...] = ()


class Pod(BaseModel):
    """As much of a pod as we look at."""

    metadata: Metadata
    spec: Spec = Spec()
    status: Status = Status()

    @property
    def is_leaving(self) -> bool:
        return self.metadata.deletionTimestamp is not None

    @property
    def first(self) -> ContainerStatus:
        return next(iter(self.status.containerStatuses), ContainerStatus())

    def image_of(self, container: str) -> str:
        """The image of the container with this name."""
        return next((one.image for one in self.spec.containers if one.name == container), "")

    @property
    def is_ready(self) -> bool:
        return any(one.type == "Ready" and one.status == "True" for one in self.status.conditions)

    @property
    def stuck(self) -> str:
        """Why its container cannot be made, whatever is waited for; '' when that is not so."""
        waits = self.first.state.waiting
        return f"{waits.reason}: {waits.message}".rstrip(": ") if waits and waits.reason in STUCK else ""


def pods_of(items: Sequence[Json]) -> list[Pod]:
    """Those that are not on their way out, oldest first."""
    found = [Pod.model_validate(one) for one in items]
    return sorted((one for one in found if not one.is_leaving), key=lambda one: one.metadata.name)


def instance(pod: Pod, port: int) -> Instance:
    """A pod as an instance."""
    first = pod.first
    ended = first.state.terminated or first.lastState.terminated
    return Instance(
        id=pod.metadata.name,
        slot=pod.metadata.labels.get(SLOT, ""),
        address=f"{pod.status.podIP}:{port}" if port and pod.status.podIP else "",
        healthy=pod.is_ready,
        restarts=first.restartCount,
        started_at=pod.metadata.creationTimestamp,
        last_exit=ended.exitCode if ended else None,
        detail="" if pod.is_ready else _ailment(pod),
        tree=pod.metadata.labels.get(TREE, ""),
    )


def _ailment(pod: Pod) -> str:
    first, waits = pod.first, pod.first.state.waiting
    ended = first.state.terminated or first.lastState.terminated
    if pod.stuck:
        return pod.stuck
    if ended is not None and not first.ready and first.restartCount:
        return f"ended with {ended.exitCode}" + (" (OOMKilled)" if ended.reason == "OOMKilled" else "")
    unplaced = next(
        (one for one in pod.status.conditions if one.type == "PodScheduled" and one.status == "False"), None
    )
    if unplaced is not None:
        return f"no node takes it: {unplaced.message}"
    return waits.reason if waits and waits.reason else "its readiness probe has not passed"
