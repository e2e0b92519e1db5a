"""What ECS and the load balancer tell, as far as it is read."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel, to_pascal


class Told(BaseModel):
    """A part of an answer of ECS."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Rollout(Told):
    """One deployment of a service, as ECS calls it."""

    id: str = ""
    status: str = ""
    task_definition: str = ""
    rollout_state: str = ""
    rollout_state_reason: str = ""


class Event(Told):
    """What happened to a service."""

    message: str = ""
    created_at: datetime | None = None


class Service(Told):
    """A service, with what it should run and what it does."""

    service_name: str
    status: str = ""
    task_definition: str = ""
    desired_count: int = 0
    running_count: int = 0
    pending_count: int = 0
    deployments: tuple[Rollout, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it is to run nothing, and does."""
        return not (self.desired_count + self.running_count + self.pending_count)

    @property
    def primary(self) -> Rollout:
        return next((one for one in self.deployments if one.status == "PRIMARY"), Rollout())


class Box(Told):
    """A container of a task."""

    name: str = ""
    exit_code: int | None = None
    reason: str = ""


class Detail(Told):
    """A word about an attachment."""

    name: str = ""
    value: str = ""


class Attachment(Told):
    """What a task is attached to, such as its address."""

    details: tuple[Detail, ...] = ()


class Task(Told):
    """A running or stopped copy of a task definition."""

    task_arn: str
    task_definition_arn: str = ""
    last_status: str = ""
    health_status: str = ""
    stopped_reason: str = ""
    started_at: datetime | None = None
    created_at: datetime | None = None
    containers: tuple[Box, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @property
    def id(self) -> str:
        return self.task_arn.rpartition("/")[2]

    @property
    def address(self) -> str:
        """Its own private address, or ''."""
        details = (detail for one in self.attachments for detail in one.details)
        return next((one.value for one in details if one.name == "privateIPv4Address"), "")


class Target(BaseModel):
    """A target of a group, and how it is."""

    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=True, frozen=True)
    id: str
    port: int | None = None


class State(BaseModel):
    """How a target is, and why."""

    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=True, frozen=True)
    state: str = ""
    reason: str = ""
    description: str = ""


class Described(BaseModel):
    """A target with its state."""

    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=True, frozen=True)
    target: Target
    target_health: State = State()
