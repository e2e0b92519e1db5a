"""Environments: where versions run, and the rules of each place."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, field_validator

from orchestrate.models.afterwards import Announce
from orchestrate.models.alert import Alert
from orchestrate.models.aws import CloudFront, Ecs, Functions
from orchestrate.models.change import MergeMethod
from orchestrate.models.fact import Fact
from orchestrate.models.hosts import (
    CloudRun,
    Compose,
    ContainerApps,
    Custom,
    DigitalOcean,
    Docker,
    Kubernetes,
    Netlify,
    ProviderName,
    Railway,
    Vercel,
)
from orchestrate.models.smoke import Below, HealthCheck, Smoke
from orchestrate.models.windows import Freeze, Window


class EnvironmentType(StrEnum):
    """How much an environment matters."""

    DEV = "dev"
    STAGING = "staging"
    PRODUCTION = "production"


class Strategy(StrEnum):
    """How a new version takes over from the old one."""

    ROLLING = "rolling"
    BLUE_GREEN = "blue-green"
    CANARY = "canary"
    RECREATE = "recreate"


class Channel(StrEnum):
    """Where a person's identity is proved."""

    CLI = "cli"  # the operating system's user
    TRACKER = "tracker"
    FORGE = "forge"
    SLACK = "slack"  # a user's id there, such as U02AB3CD4
    GIT = "git"  # the name or address in a commit: it tells who wrote, and lets nobody answer


class Role(StrEnum):
    """What a person may do."""

    APPROVER = "approver"
    SECURITY = "security"
    QA = "qa"
    OPERATOR = "operator"


class Person(Fact):
    """Somebody, with the identities each channel proves for them, and what they may do."""

    name: str
    identities: dict[Channel, str] = {}
    accounts: dict[Channel, tuple[str, ...]] = {}  # further accounts of the same person
    roles: tuple[Role, ...] = ()
    bot: bool = False  # a program: its words never count

    def known_as(self, channel: Channel) -> tuple[str, ...]:
        """Every account of theirs on the channel, the first one first."""
        return (self.identities.get(channel, self.name), *self.accounts.get(channel, ()))

    def is_known_as(self, channel: Channel, identity: str) -> bool:
        return identity in self.known_as(channel)


class CanaryStep(Fact):
    """A share of the traffic, and how long it is analysed."""

    share: Annotated[int, Field(gt=0, le=100)]  # percent
    seconds: Annotated[int, Field(ge=0)]


def default_canary() -> tuple[CanaryStep, ...]:
    """5 % for ten minutes, then 25, 50, 75 and 100 % for five minutes each (row D2)."""
    first = CanaryStep(share=5, seconds=600)
    return (first, *(CanaryStep(share=share, seconds=300) for share in (25, 50, 75, 100)))


class Triggers(Fact):
    """When a release counts as bad (V4). Shares in hundredths of a percent, times in milliseconds."""

    error_rate: int = 100  # 1.00 %
    response_time_p99: int = 1000  # ms
    window: PositiveInt = 300  # seconds a threshold must be crossed for
    health_check_failures: PositiveInt = 3  # in a row
    database_errors: PositiveInt = 10  # in one window
    minimum_requests: PositiveInt = 100  # fewer, and the comparison is inconclusive
    comparison: bool = True  # the sequential comparison of new with old
    warm_up: Annotated[int, Field(ge=0)] | None = None  # seconds until it is warm; 0: at once; None: learned
    smallest_harm: Annotated[int, Field(ge=0)] = 0  # more errors: excluded, a canary's step ends; 0: never
    false_alarms: PositiveInt = 100  # allowed chance of a false alarm, in hundredths of a percent


class Monitoring(Fact):
    """How long and how often a release is watched, in seconds (V3)."""

    period: Annotated[int, Field(ge=0)] = 3600
    sample: PositiveInt = 10
    report: PositiveInt = 900
    alert_cpu: PositiveInt = 70  # percent, alert only
    alert_memory: PositiveInt = 80  # percent, alert only
    alerts: tuple[str, ...] = ()  # names of alerts that are configured for this environment


class Database(Fact):
    """The database that a component's migrations change. `url` is a SQLAlchemy URL."""

    url: str
    dialect: Literal["sqlite", "postgres"]
    migrations: str | None = None  # folder of ordered .sql files in the repository
    command: tuple[str, ...] | None = None  # applies one of them: {file}, {name}; DATABASE_URL is set
    revert: bool = False  # False: migrations are kept on rollback, and the plan says so (R6)


class MetricsConfig(Fact):
    """Where numbers about a component come from (V5)."""

    kind: Literal["proxy", "endpoint", "prometheus", "datadog", "cloudwatch"] = "proxy"
    url: str | None = None  # of the Prometheus server, or of Datadog's site
    credentials: str | None = None  # a secret: Datadog's api-key:application-key, Prometheus's bearer token
    errors: str = ""  # Datadog: a query of the failed requests, with {slot}; `requests` is one, too
    path: Below = "/metrics"  # of the service's own endpoint
    requests: str = "http_requests_total"  # counter with a status label
    latency: str = "http_request_duration_seconds"  # histogram
    status_label: str = "status"
    slot_label: str = "slot"  # Prometheus: the label that tells old from new
    database_errors: str = "database_errors_total"

    def credentials_for(self, kind: str, url: str | None) -> str | None:
        """What its own server knows us by, where that is who is asked (None: nobody else); for no other."""
        is_own = self.kind == kind and (not url or url == self.url)
        return self.credentials if is_own else None


class Component(Fact):
    """A part of the service with its own strategy, checks and version (D8)."""

    name: str
    provider: ProviderName = "process"
    strategy: Strategy | None = None  # None: the environment's
    path: str = "."  # folder of the component in the repository
    build: tuple[tuple[str, ...], ...] = ()  # commands run in the release folder
    run: tuple[str, ...] = ()  # {port} and {slot} are filled in
    port: Annotated[int, Field(ge=0, le=65535)] = 0  # public port; 0: the component takes no traffic
    traffic: Literal["auto", "haproxy", "builtin"] = "auto"
    instances: PositiveInt = 2
    drain_seconds: Annotated[int, Field(ge=0)] = 30
    memory_limit: PositiveInt | None = None  # MiB, per instance
    docker: Docker | None = None
    kubernetes: Kubernetes | None = None
    compose: Compose | None = None
    custom: Custom | None = None
    ecs: Ecs | None = None
    awslambda: Functions | None = None
    cloudrun: CloudRun | None = None
    vercel: Vercel | None = None
    netlify: Netlify | None = None
    cloudfront: CloudFront | None = None
    containerapps: ContainerApps | None = None
    digitalocean: DigitalOcean | None = None
    railway: Railway | None = None
    health: HealthCheck = HealthCheck()
    smoke: tuple[Smoke, ...] = ()
    database: Database | None = None
    metrics: MetricsConfig = MetricsConfig()
    alerts: dict[str, Alert] = {}
    log_cap: PositiveInt = 8 * 1024 * 1024  # bytes of log kept per instance: half head, half tail


CODE_SCANNING = "code-scanning: "
"""How a security scan is called that GitHub's code scanning makes; the severity follows."""
SEVERITIES = ("low", "medium", "high", "critical")


class Gates(Fact):
    """What must be true before anything is deployed."""

    checks: tuple[str, ...] = ()  # CI checks that must pass on the head (G1)
    security_scan: str | None = None  # a check by this name, or `code-scanning: SEVERITY`, must pass (G2)
    security_approval: bool = False
    qa_approval: bool = False
    reviews: int = 1
    wait_for_approvals: int = 0  # seconds to wait for reviews and checks; 0: do not wait (G3)
    promoted_from: str | None = None  # the environment that must have run this version (G12)
    backup: bool | None = None  # None: required in production (G11)
    disk: PositiveInt = 90  # percent (G10)
    memory: PositiveInt = 95
    cpu: PositiveInt | None = None  # percent at one moment; None: shown, not judged

    @field_validator("security_scan")
    @classmethod
    def _is_a_severity(cls, name: str | None) -> str | None:
        is_ours = name is not None and name.startswith(CODE_SCANNING.rstrip(": "))
        if name is not None and is_ours and name not in {f"{CODE_SCANNING}{one}" for one in SEVERITIES}:
            raise ValueError(f"expected {CODE_SCANNING}{', '.join(SEVERITIES[:-1])} or {SEVERITIES[-1]}")
        return name

    @property
    def scans_at(self) -> str | None:
        """The severity at which an open alert of GitHub's code scanning stops it."""
        name = self.security_scan or ""
        return name.removeprefix(CODE_SCANNING) if name.startswith(CODE_SCANNING) else None


class ArtifactRules(Fact):
    """What is demanded of what is deployed."""

    signed_by: Path | None = None  # OpenSSH allowed signers; None: no signature is demanded (G6)
    image_signed_by: Path | None = None  # PEM public keys, of whom one signed the image as cosign does


class Environment(Fact):
    """A named place to deploy to, with its rules."""

    name: str
    type: EnvironmentType
    service: str
    url: str = ""
    components: tuple[Component, ...]
    variables: dict[str, str] = {}
    secrets: tuple[str, ...] = ()  # names; values never leave the vault
    strategy: Strategy = Strategy.ROLLING
    canary: tuple[CanaryStep, ...] = Field(default_factory=default_canary)
    window: Window | None = None
    freezes: tuple[Freeze, ...] = ()
    requires_approval: bool | None = None  # None: required in production
    approvers: tuple[str, ...] = ()  # names of people
    approvals: Annotated[int, Field(ge=1, le=10)] = 1  # distinct persons who must approve
    authors_may_approve: bool = False
    requesters_may_approve: bool | None = None  # None: where one approval is enough
    approval_expires: PositiveInt = 86_400  # seconds
    approval_reminder: PositiveInt = 14_400
    gates: Gates = Gates()
    artifact: ArtifactRules = ArtifactRules()
    merge_method: MergeMethod | None = None
    triggers: Triggers = Triggers()
    monitoring: Monitoring = Monitoring()
    alerts: dict[str, Alert] = {}
    verification_timeout: PositiveInt = 300  # seconds
    move_timeout: PositiveInt = 900  # seconds, per move
    image_timeout: Annotated[int, Field(ge=0, le=1200)] = 900  # seconds until a registry has the image
    auto_rollback: bool = True
    rollback_on_timeout: bool = True
    prepare_revert: bool = False  # R7
    rehearse_rollback: bool | None = None  # R5: tries the way back; None: where production follows
    e2e_tests: bool = False  # A4: a task asks for them once a version is live
    announce: Announce = Announce()
    root: Path  # where the provider keeps releases, instances and logs

    @property
    def asks_a_person(self) -> bool:
        if self.requires_approval is None:
            return self.type is EnvironmentType.PRODUCTION
        return self.requires_approval

    @property
    def demands_backup(self) -> bool:
        if self.gates.backup is None:
            return self.type is EnvironmentType.PRODUCTION
        return self.gates.backup

    def strategy_of(self, component: Component) -> Strategy:
        return component.strategy or self.strategy

    def component(self, name: str) -> Component:
        """The component called `name`; StopIteration never escapes: the plan names only these."""
        return next(part for part in self.components if part.name == name)
