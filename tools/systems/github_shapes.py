"""What GitHub's API answers, as far as it is read here."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class User(BaseModel):
    """An account."""

    login: str


class Named(BaseModel):
    """Something with a name."""

    name: str


class Repo(BaseModel):
    """A repository; what may be done in it is told to those who may push."""

    full_name: str
    allow_merge_commit: bool = True
    allow_squash_merge: bool = True
    allow_rebase_merge: bool = True
    permissions: dict[str, bool] = Field(default_factory=dict[str, bool])


class Side(BaseModel):
    """The head or the base of a pull request; the repository of a head may be gone."""

    ref: str
    sha: str
    label: str
    repo: Repo | None


class Pull(BaseModel):
    """A pull request."""

    number: int
    node_id: str
    state: Literal["open", "closed"]
    title: str
    body: str | None
    user: User | None
    draft: bool = False
    merged: bool = False
    merge_commit_sha: str | None
    head: Side
    base: Side
    labels: list[Named]
    html_url: str
    created_at: datetime

    @property
    def is_fork(self) -> bool:
        """Whether the head is in somebody's copy."""
        return (
            self.head.repo is None
            or self.base.repo is None
            or self.head.repo.full_name != self.base.repo.full_name
        )

    @property
    def branch(self) -> str:
        return self.head.label if self.is_fork else self.head.ref


class PullName(BaseModel):
    """A pull request in a list, which tells less of it."""

    number: int
    head: Side


class Merge(BaseModel):
    """What a merge gave."""

    sha: str


class Maker(BaseModel):
    """The App that reports a check."""

    id: int


class CheckRun(BaseModel):
    """A check that an App ran for a commit."""

    name: str
    status: str
    conclusion: str | None
    html_url: str | None = None
    app: Maker | None = None


class Status(BaseModel):
    """What anything with a token says about a commit."""

    context: str
    state: str
    target_url: str | None = None


class Tool(BaseModel):
    """What scanned."""

    name: str | None = None


class Analysis(BaseModel):
    """What a scan of a commit gave; `error` is why it gave nothing."""

    ref: str
    commit_sha: str
    category: str | None = None
    error: str
    created_at: datetime
    tool: Tool


class ScanRule(BaseModel):
    """What a scan looks for; rules about security say how bad it is."""

    id: str | None = None
    severity: str | None = None
    security_severity_level: str | None = None


class Alert(BaseModel):
    """Something that a scan found."""

    number: int
    rule: ScanRule


class Parent(BaseModel):
    """A commit before another."""

    sha: str


class GitCommit(BaseModel):
    """A commit, as git knows it."""

    sha: str
    parents: list[Parent]


class RequiredCheck(BaseModel):
    """A check without which nothing is merged; by whom it has to be reported, where that is said."""

    context: str
    integration_id: int | None = None


class Parameters(BaseModel):
    """What a rule says; each kind of rule says something else."""

    allowed_merge_methods: list[str] | None = None
    required_status_checks: list[RequiredCheck] = Field(default_factory=list[RequiredCheck])
    strict_required_status_checks_policy: bool = False


class Rule(BaseModel):
    """A rule that holds for a branch."""

    type: str
    parameters: Parameters = Parameters()


class ClassicCheck(BaseModel):
    """A check that the classic protection demands."""

    context: str
    app_id: int | None = None


class ClassicChecks(BaseModel):
    """All checks that the classic protection demands."""

    contexts: list[str] = Field(default_factory=list[str])
    checks: list[ClassicCheck] = Field(default_factory=list[ClassicCheck])


class Protection(BaseModel):
    """The classic protection, as everybody who reads may see it."""

    required_status_checks: ClassicChecks | None = None


class Branch(BaseModel):
    """A branch."""

    name: str
    protection: Protection | None = None


class Event(BaseModel):
    """Something that was done to a pull request."""

    event: str
    actor: User | None
    created_at: datetime
    label: Named | None = None


class Comment(BaseModel):
    """Words on a pull request."""

    id: int
    user: User | None
    body: str = ""
    created_at: datetime
    updated_at: datetime


class Push(BaseModel):
    """Somebody moved a branch."""

    after: str
    timestamp: datetime
    actor: User | None


class WorkflowRun(BaseModel):
    """A run of a workflow."""

    id: int
    name: str | None = None
    head_sha: str
    status: str | None
    conclusion: str | None
    html_url: str
    created_at: datetime


class Job(BaseModel):
    """A job of a run."""

    id: int
    name: str
    status: str
    conclusion: str | None


class Deployment(BaseModel):
    """Something that is deployed somewhere; its payload is what its maker wrote into it."""

    id: int
    payload: dict[str, object] | str = ""

    def mark(self, key: str) -> str:
        """What the payload says under `key`."""
        return str(self.payload.get(key, "")) if isinstance(self.payload, dict) else ""


class DeploymentStatus(BaseModel):
    """How far a deployment is."""

    state: str
