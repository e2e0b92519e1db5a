"""Answers: what Azure Resource Manager says of container apps (Microsoft.App), as far as it is read."""

from __future__ import annotations

from pydantic import Field

from tools.systems.web_api import Answered, Json

OVER = ("Succeeded", "Failed", "Canceled")


class Weight(Answered):
    """A part of the traffic: a revision, or whichever is the latest, its percents, and its label."""

    revision_name: str = ""
    weight: int = 0
    latest_revision: bool = False
    label: str = ""


class Ingress(Answered):
    """How an app is reached."""

    fqdn: str = ""
    target_port: int = 0
    traffic: tuple[Weight, ...] | None = None


class Configuration(Answered):
    """What is set for all revisions of an app."""

    active_revisions_mode: str = "Single"
    ingress: Ingress | None = None


class AppProperties(Answered):
    """What an app is made of."""

    provisioning_state: str = ""
    latest_ready_revision_name: str = ""
    configuration: Configuration = Configuration()
    template: Json = {}


class Changed(Answered):
    """Who changed something last, and when."""

    last_modified_by: str = ""
    last_modified_at: str = ""


class App(Answered):
    """A container app."""

    name: str
    location: str
    system_data: Changed = Changed()
    properties: AppProperties

    @property
    def stamp(self) -> tuple[object, ...]:
        """Another one after each change of the app; an app has no etag."""
        ingress = self.properties.configuration.ingress
        return (self.system_data.last_modified_at, ingress.traffic if ingress else None)


class Scale(Answered):
    """How many replicas are kept at least."""

    min_replicas: int | None = 0


class Container(Answered):
    """What runs in each replica."""

    name: str = ""
    image: str = ""
    env: tuple[dict[str, str | None], ...] | None = None


class Template(Answered):
    """Of what a revision was made."""

    containers: tuple[Container, ...] | None = ()
    scale: Scale | None = None


class RevisionProperties(Answered):
    """How a revision does."""

    created_time: str = ""
    fqdn: str = ""
    template: Template = Template()
    active: bool = False
    replicas: int = 0
    traffic_weight: int = 0
    provisioning_error: str | None = None
    health_state: str = ""
    provisioning_state: str = ""
    running_state: str = ""


class Revision(Answered):
    """One version of an app's template."""

    name: str
    facts: RevisionProperties = Field(alias="properties")

    @property
    def images(self) -> tuple[str, ...]:
        return tuple(one.image for one in self.facts.template.containers or ())

    @property
    def kept(self) -> int:
        """Replicas that are kept at least."""
        scale = self.facts.template.scale
        return (scale.min_replicas or 0) if scale else 0

    @property
    def is_ready(self) -> bool:
        """Whether it runs, is well, and has its replicas."""
        facts = self.facts
        is_well = facts.health_state == "Healthy" and facts.running_state.startswith("Running")
        return facts.active and is_well and facts.replicas >= self.kept

    @property
    def has_failed(self) -> bool:
        states = (self.facts.provisioning_state, self.facts.running_state)
        return any(one.endswith("Failed") for one in states)

    @property
    def words(self) -> str:
        """What Azure says of it."""
        facts = self.facts
        states = (facts.provisioning_state, facts.running_state, facts.health_state)
        said = ", ".join(one for one in states if one)
        return facts.provisioning_error or f"{said or 'unknown'}, {facts.replicas} of {self.kept} replicas"


class Revisions(Answered):
    """A page of them."""

    value: tuple[Revision, ...] = ()
    next_link: str | None = None


class ReplicaContainer(Answered):
    """A container of a replica."""

    name: str = ""
    log_stream_endpoint: str = ""
    ready: bool = False
    restart_count: int = 0
    running_state_details: str | None = None


class ReplicaProperties(Answered):
    """How a replica does."""

    created_time: str = "1970-01-01T00:00:00Z"
    running_state: str = ""
    running_state_details: str | None = None
    containers: tuple[ReplicaContainer, ...] = ()


class Replica(Answered):
    """One running copy of a revision."""

    name: str
    facts: ReplicaProperties = Field(alias="properties")

    @property
    def is_well(self) -> bool:
        own = self.facts.containers
        return self.facts.running_state == "Running" and bool(own) and all(one.ready for one in own)

    @property
    def restarts(self) -> int:
        return sum(one.restart_count for one in self.facts.containers)

    def log_at(self, container: str) -> str:
        """Where the log of a container is ('': of the first); '' where that is not told."""
        own = (one for one in self.facts.containers if container in ("", one.name))
        return next((one.log_stream_endpoint for one in own), "")

    @property
    def words(self) -> str:
        told = (
            self.facts.running_state_details,
            *(one.running_state_details for one in self.facts.containers),
        )
        return "; ".join(one for one in told if one) or self.facts.running_state or "Azure says nothing of it"


class Replicas(Answered):
    """Those of one revision."""

    value: tuple[Replica, ...] = ()


class LogToken(Answered):
    """What lets us at the logs of an app, for an hour."""

    token: str = Field(repr=False)


class LogTokenAnswer(Answered):
    """The token, as it is answered."""

    facts: LogToken = Field(alias="properties")


class Problem(Answered):
    """Why an operation ended badly."""

    code: str = ""
    message: str = ""


class Operation(Answered):
    """Something that goes on after it was answered: a status, or the app itself while and when it is done."""

    status: str = ""
    error: Problem | None = None
    properties: AppProperties | None = None

    @property
    def state(self) -> str:
        return self.status or (self.properties.provisioning_state if self.properties else "")

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def problem(self) -> str:
        """What went wrong; '' when nothing did."""
        if self.error is not None:
            return self.error.message or self.error.code
        return "" if self.state == "Succeeded" else self.state
