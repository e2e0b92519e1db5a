"""What the parts of the product are told: one fact per section of orchestrate.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from orchestrate.models.change import MergeMethod
from orchestrate.models.environment import Triggers
from orchestrate.models.fact import Fact
from orchestrate.models.smoke import ADDRESS
from orchestrate.models.task import DEPLOYED_AT, Queue


class DeployerSettings(Fact):
    """The deployer role's settings; agents/config/devops_agent.yaml holds their defaults (row Q8)."""

    poll_interval: PositiveInt  # seconds
    require_human_approval: bool  # False: production does not ask either, unless it says so itself
    monitoring_period: int = Field(ge=0)  # seconds
    auto_rollback_enabled: bool
    rollback_triggers: Triggers
    verification_timeout: PositiveInt  # seconds
    input_status: str = Field(min_length=1)
    output_status: str = Field(min_length=1)


class StoreSettings(Fact):
    """Where deployments are kept: a SQLAlchemy URL."""

    url: str = Field(min_length=1, repr=False)  # may hold a password


class VaultSettings(Fact):
    """Where the master key of the secrets lies, when no variable gives it."""

    key_file: Path = Path(".orchestrate/master.key")  # beside the settings, when it is no absolute path


class TrackerSettings(Fact):
    """Where tasks come from, and the status in which a task of each queue is ready."""

    kind: Literal["builtin", "clickup", "beads"] = "builtin"
    input_status: str = Field(min_length=1)
    output_status: str = Field(min_length=1)
    queues: dict[Queue, str]
    stages: tuple[str, ...] = DEPLOYED_AT  # what a task's `stage` says when it is to be deployed
    list: str = ""  # of ClickUp: the number of the list with the tasks
    lists: dict[Queue, str] = {}  # other lists, of other queues
    statuses: dict[str, str] = {}  # what the list calls a status, where it is not our word
    api: str = "https://api.clickup.com/api"
    folder: Path = Path()  # of Beads: the workspace; beside the settings, when it is no absolute path
    program: str = Field(default="bd", min_length=1)


class ForgeSettings(Fact):
    """Where changes are, and how they may become part of the base branch, the preferred way first."""

    kind: Literal["git", "github"] = "git"
    remote: str = Field(default=".", min_length=1)  # of git: an address, or an absolute path
    base: str = Field(default="main", min_length=1)
    methods: tuple[MergeMethod, ...] = tuple(MergeMethod)
    repository: str = ""  # of GitHub: owner/name
    api: str = "https://api.github.com"  # or that of an Enterprise server: https://ghe.example.com/api/v3
    app: str = ""  # the id of the GitHub App whose private key is given, instead of a token
    installation: int | None = None  # of the App; None: the one in the repository
    workflows: tuple[str, ...] = ()  # of GitHub: those that must end well on what was merged, by name
    comments: bool = False  # of GitHub: say on the pull request how its deployment stands


class Price(Fact):
    """What a model costs: US cents for a million tokens."""

    input: PositiveInt
    output: PositiveInt
    cache_write: PositiveInt
    cache_read: PositiveInt


class ModelBudget(Fact):
    """What one deployment may spend on models."""

    tokens: int = Field(ge=0)  # in and out together
    cents: int = Field(ge=0)  # US cents


class ModelSettings(Fact):
    """Which models answer, and for how much; agents/config/models.yaml holds the defaults."""

    base_url: str = Field(pattern=ADDRESS)
    fast: str = Field(min_length=1)
    standard: str = Field(min_length=1)
    deep: str = Field(min_length=1)
    deadline: PositiveInt  # seconds
    budget: ModelBudget
    prices: dict[str, Price]


class SlackSettings(Fact):
    """Where people are told and asked in Slack, and how it reaches us."""

    channel: str = Field(pattern=r"^[CGD][A-Z0-9]{2,}$")  # a channel's id, such as C02AB3CD4
    api: str = "https://slack.com/api"
    team: str = Field(default="", pattern=r"^([TE][A-Z0-9]{2,})?$")  # "": the token's own
    app: str = Field(default="", pattern=r"^(A[A-Z0-9]{2,})?$")  # "": any app that has the signing secret
    host: str = "127.0.0.1"  # where we listen, without an app token
    port: int = Field(default=3000, ge=1, le=65_535)


class MemorySettings(Fact):
    """Where it is kept what was learnt by deploying."""

    kind: Literal["builtin", "cm", "none"] = "builtin"
    program: str = Field(default="cm", min_length=1)  # of CASS memory: a path where PATH does not lead


class ReservationSettings(Fact):
    """Where others see which files are worked on."""

    kind: Literal["builtin", "agent_mail", "none"] = "builtin"
    url: str = Field(default="http://127.0.0.1:8765/api/", pattern=r"^https?://[^\s@\\?#]+$")
    project: str = Field(default=".", min_length=1)  # the folder that agents mean; beside the settings
    hold: PositiveInt = 7_200  # seconds after which a reservation that nobody gave back ends
    wait: NonNegativeInt = 1_800  # seconds that a deployment waits for files that somebody reserved


class McpSettings(Fact):
    """Who reaches the tools of programs with a model, where they are served over HTTP."""

    hosts: tuple[str, ...] = ()  # names under which a proxy is asked for us: mcp.example.com


class WebhookSettings(Fact):
    """Where the worker listens for webhooks, and under which address others reach it."""

    host: str = "127.0.0.1"
    port: int = Field(default=8787, ge=1, le=65_535)
    url: str = Field(default="", pattern=r"^(https?://[^\s?#]+[^\s?#/])?$")  # "": nobody was told


class WorkerSettings(Fact):
    """How a worker looks for work, in seconds."""

    poll_interval: PositiveInt
    lease_seconds: PositiveInt = 60
