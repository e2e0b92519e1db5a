"""Answers: what Cloud Run's API (run.googleapis.com, v2) says, as far as it is read."""

from __future__ import annotations

from enum import StrEnum

from tools.systems.web_api import Answered, Json

READY = "Ready"


class Allocation(StrEnum):
    """How a part of the traffic names its revision."""

    LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"


class Condition(Answered):
    """How far something is on its way to what was asked."""

    type: str = ""
    state: str = ""
    message: str = ""
    reason: str = ""
    revision_reason: str = ""

    @property
    def words(self) -> str:
        return self.message or self.revision_reason or self.reason or self.state


class Target(Answered):
    """A part of the traffic: a revision, its percents, and the tag by which it has an address of its own."""

    type: str = ""
    revision: str = ""
    percent: int = 0
    tag: str = ""


class Service(Answered):
    """A service: what was asked of it, and what is in force."""

    name: str
    etag: str = ""
    uri: str = ""
    last_modifier: str = ""
    template: Json = {}
    traffic: tuple[Target, ...] = ()
    traffic_statuses: tuple[Target, ...] = ()
    latest_ready_revision: str = ""


class Scaling(Answered):
    """How many instances are kept at least."""

    min_instance_count: int = 0


class Revision(Answered):
    """One version of the service's template."""

    name: str
    annotations: dict[str, str] = {}
    conditions: tuple[Condition, ...] = ()
    scaling: Scaling = Scaling()
    containers: tuple[Json, ...] = ()
    create_time: str = ""

    @property
    def images(self) -> tuple[str, ...]:
        return tuple(str(one.get("image", "")) for one in self.containers)

    @property
    def ready(self) -> Condition:
        return next((one for one in self.conditions if one.type == READY), Condition())

    @property
    def is_ready(self) -> bool:
        return self.ready.state == "CONDITION_SUCCEEDED"

    @property
    def has_failed(self) -> bool:
        return self.ready.state == "CONDITION_FAILED"


class Problem(Answered):
    """Why an operation ended badly."""

    code: int = 0
    message: str = ""


class Operation(Answered):
    """Something that goes on after it was answered."""

    name: str
    done: bool = False
    error: Problem | None = None


def short(name: str) -> str:
    """The last part of a resource's name."""
    return name.rpartition("/")[2]
