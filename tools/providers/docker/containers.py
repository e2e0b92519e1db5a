"""Containers: how one of ours is described to the engine, and what the engine tells about it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, Field

from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.hosts import Docker
from tools.providers.fleet.health import HOST
from tools.providers.fleet.placeholders import filled

PREFIX = "orchestrate."
PLACE, PART, SLOT, NUMBER = (f"{PREFIX}{word}" for word in ("place", "component", "slot", "number"))
TREE, COMMIT, VERSION, IMAGE = (f"{PREFIX}{word}" for word in ("tree", "commit", "version", "image"))
ROUTED = f"{PREFIX}port"  # of this machine
STRANGE = re.compile(r"[^a-zA-Z0-9_.-]+")
LOG_FILES = 2  # the newest and the one before it
MIB = 1024 * 1024
PERCENT = 10_000_000  # billionths of a core
KEPT = ("running", "restarting")


class Health(BaseModel):
    """What the image's own HEALTHCHECK found."""

    status: str = Field("", alias="Status")


class State(BaseModel):
    """How a container does."""

    status: str = Field("", alias="Status")
    is_over_limit: bool = Field(False, alias="OOMKilled")
    exit_code: int = Field(0, alias="ExitCode")
    error: str = Field("", alias="Error")
    pid: int = Field(0, alias="Pid")
    started: str = Field("", alias="StartedAt")
    health: Health | None = Field(None, alias="Health")


class Config(BaseModel):
    """What a container was made with."""

    labels: dict[str, str] | None = Field(None, alias="Labels")


class Container(BaseModel):
    """One of ours, as the engine tells it; an instance of a fleet."""

    key: str = Field(alias="Id")
    image: str = Field("", alias="Image")
    restarts: int = Field(0, alias="RestartCount")
    state: State = Field(default_factory=lambda: State.model_validate({}), alias="State")
    config: Config = Field(default_factory=lambda: Config.model_validate({}), alias="Config")

    def label(self, name: str) -> str:
        return (self.config.labels or {}).get(name, "")

    @property
    def slot(self) -> str:
        return self.label(SLOT)

    @property
    def number(self) -> int:
        return int(self.label(NUMBER)) if self.label(NUMBER).isdigit() else 0

    @property
    def id(self) -> str:
        return f"{self.slot}-{self.number}"

    @property
    def port(self) -> int:
        """At which this machine reaches it; 0: at none."""
        return int(self.label(ROUTED)) if self.label(ROUTED).isdigit() else 0

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def is_kept(self) -> bool:
        """The engine starts it again as often as it ends; not after somebody stopped it by hand."""
        return self.state.status in KEPT

    @property
    def tree(self) -> str:
        """The version that it really runs: what its label says, if that is the image it was made of."""
        is_so = self.image == self.label(IMAGE)
        return self.label(TREE) if is_so else f"image {self.image}"

    @property
    def started_at(self) -> datetime:
        try:
            return datetime.fromisoformat(f"{self.state.started[:19]}+00:00")
        except ValueError:
            return datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Order:
    """A container that shall be made."""

    component: Component
    slot: str
    number: int
    version: Version
    image: str  # its id
    port: int  # of this machine; 0: none
    environment: Mapping[str, str]

    @property
    def id(self) -> str:
        return f"{self.slot}-{self.number}"


def name_of(order: Order, service: str, environment: str) -> str:
    """What people read in `docker ps`."""
    return STRANGE.sub("-", f"{service}-{environment}-{order.component.name}-{order.id}").lstrip("-._")


def labels_of(order: Order, place: str) -> dict[str, str]:
    """By which it is found again, by whoever comes."""
    return {
        PLACE: place,
        PART: order.component.name,
        SLOT: order.slot,
        NUMBER: str(order.number),
        TREE: order.version.tree,
        COMMIT: order.version.commit,
        VERSION: order.version.name,
        IMAGE: order.image,
        ROUTED: str(order.port),
    }


def words_of(order: Order) -> list[str]:
    """The component's own words with their placeholders filled in; none: the image's own start it."""
    part = order.component
    values = {"port": str(docker_of(part).port), "slot": order.slot, "version": order.version.name}
    return [filled(word, values) for word in part.run]


def body_of(order: Order, place: str) -> dict[str, object]:
    """The container, in the engine's words."""
    words, part, docker = words_of(order), order.component, docker_of(order.component)
    inner = f"{docker.port}/tcp"
    body: dict[str, object] = {
        "Image": order.image,
        "Labels": labels_of(order, place),
        "Env": [f"{name}={value}" for name, value in order.environment.items()],
        "HostConfig": {
            "Init": True,
            "NetworkMode": docker.network,
            "RestartPolicy": {"Name": "unless-stopped"},
            "PidsLimit": docker.processes,
            "SecurityOpt": ["no-new-privileges"],
            "ReadonlyRootfs": docker.read_only,
            "LogConfig": _log(part),
            **_limits(part, docker),
            **(
                {"PortBindings": {inner: [{"HostIp": HOST, "HostPort": str(order.port)}]}}
                if order.port
                else {}
            ),
        },
    }
    if order.port:
        body["ExposedPorts"] = {inner: {}}
    if words:
        body["Cmd"] = words
    if docker.user:
        body["User"] = docker.user
    return body


def place_of(environment: Environment) -> str:
    """By which the containers of this environment are known, among those of all others on the engine."""
    root = str(environment.root.resolve())
    return hashlib.sha256(f"{environment.service}/{environment.name}@{root}".encode()).hexdigest()[:12]


def docker_of(component: Component) -> Docker:
    """The component's own words for the engine, or the usual ones."""
    if component.compose is not None:
        own = component.compose
        return Docker(socket=own.socket, port=own.port, credentials=own.credentials)
    return component.docker or Docker()


def _limits(part: Component, docker: Docker) -> dict[str, object]:
    found: dict[str, object] = {}
    if part.memory_limit:
        found |= {"Memory": part.memory_limit * MIB, "MemorySwap": part.memory_limit * MIB}
    if docker.cpus:
        found["NanoCpus"] = docker.cpus * PERCENT
    return found


def _log(part: Component) -> dict[str, object]:
    size = max(part.log_cap // LOG_FILES, 64 * 1024)
    return {"Type": "json-file", "Config": {"max-size": str(size), "max-file": str(LOG_FILES)}}
