"""Tasks: what teams ask for, and the thread where they talk about it."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum

from orchestrate.models.fact import Fact


class Queue(StrEnum):
    """Where a task waits, reached by name."""

    DEPLOY = "deploy"
    EXECUTION = "execution"
    ANNOUNCE = "announce"
    CONFLICT_RESOLUTION = "conflict-resolution"
    E2E_TEST = "e2e-test"


class Priority(IntEnum):
    """How urgent a task is; 0 is worked on first."""

    P0 = 0
    P1 = 1
    P2 = 2
    P3 = 3
    P4 = 4


class FailureKind(StrEnum):
    """Why a fix task exists."""

    PRE_DEPLOYMENT_CHECKS_FAILED = "pre_deployment_checks_failed"
    DEPLOYMENT_FAILED = "deployment_failed"
    SMOKE_TESTS_FAILED = "smoke_tests_failed"
    HEALTH_CHECKS_FAILED = "health_checks_failed"
    MONITORING_NOT_CONFIGURED = "monitoring_not_configured"
    ROLLBACK_PLAN_FAILED = "rollback_plan_failed"
    ROLLBACK_FAILURE = "rollback_failure"
    REGRESSION = "regression"
    UNKNOWN = "unknown"


class Label(Fact):
    """A mark on a task or change, and who put it there (G2 counts only allowed people)."""

    name: str
    by: str
    sha: str | None = None  # the head it was given for, where the tracker knows


DEPLOYED_AT = ("6", "deploy", "deployment", "release")
"""What a task's `stage` says, as most call it, when its turn is to be deployed."""


class TaskMetadata(Fact):
    """What a task says about its own deployment; it overrides the defaults (Q6)."""

    deployment_target: str | None = None
    stage: str | None = None
    quality_gates: tuple[str, ...] = ()
    version: str | None = None
    strategy: str | None = None


class Task(Fact):
    """A work item in a tracker."""

    id: str
    title: str
    description: str = ""
    queue: Queue = Queue.DEPLOY
    status: str
    priority: Priority = Priority.P2
    change: str | None = None
    labels: tuple[Label, ...] = ()
    metadata: TaskMetadata = TaskMetadata()
    depends_on: tuple[str, ...] = ()
    discovered_from: str | None = None
    workspace: str | None = None
    created_by: str = ""
    created_at: datetime
    closed_reason: str | None = None

    @property
    def is_closed(self) -> bool:
        return self.closed_reason is not None


class Comment(Fact):
    """One message on a task's thread; `author` is the identity the tracker proves, where it does."""

    id: str
    task: str
    author: str
    text: str
    at: datetime
    edited: bool = False
    proven: bool = True  # False: the author is what the comment says itself, so it approves nothing


class NewTask(Fact):
    """A task to be created; `marker` is hidden in it and makes creation idempotent."""

    title: str
    description: str
    queue: Queue
    status: str
    priority: Priority
    marker: str
    change: str | None = None
    labels: tuple[Label, ...] = ()
    metadata: TaskMetadata = TaskMetadata()
    depends_on: tuple[str, ...] = ()
    discovered_from: str | None = None
    workspace: str | None = None
    created_by: str = "orchestrate"
