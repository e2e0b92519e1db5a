"""Deployments: one attempt to bring one version to one environment."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from orchestrate.models.environment import Strategy
from orchestrate.models.fact import Fact
from orchestrate.models.gate import Override


class Stage(StrEnum):
    """Where a deployment can be; these words everywhere."""

    PICK_UP = "pick_up"
    GATES = "gates"
    WAIT_FOR_CHECKS = "wait_for_checks"
    BLOCKED = "blocked"
    PLAN = "plan"
    APPROVAL = "approval"
    REMIND = "remind"
    QUEUE = "queue"
    WAIT_FOR_TURN = "wait_for_turn"
    MERGE = "merge"
    BUILD = "build"
    DEPLOY = "deploy"
    VERIFY = "verify"
    WATCH = "watch"
    JUDGE = "judge"
    DECIDE = "decide"
    FINISH = "finish"
    ROLL_BACK = "roll_back"
    VERIFY_ROLLBACK = "verify_rollback"
    TRIAGE = "triage"
    FIX_TASKS = "fix_tasks"
    CLOSE = "close"


class Kind(StrEnum):
    """Which way a deployment goes."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"


class Status(StrEnum):
    """What the runner knows about a deployment; the row, never the position, says so."""

    ACCEPTED = "accepted"  # to be driven
    RUNNING = "running"  # driven by a worker that holds its lease
    WAITING = "waiting"  # for a person, a time, a turn, or checks; costs nothing
    FINISHED = "finished"


class Outcome(StrEnum):
    """How a deployment can end."""

    DEPLOYED = "deployed"
    BLOCKED = "blocked"
    HELD = "held"
    EXPIRED = "expired"
    CONFLICT = "conflict"
    MERGE_REFUSED = "merge_refused"
    FAILED_BEFORE_CHANGE = "failed_before_change"
    ROLLED_BACK = "rolled_back"
    ROLLBACK_FAILED = "rollback_failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    PARKED = "parked"


class ForApproval(Fact):
    """Waits for a person to answer a gate."""

    kind: Literal["approval"] = "approval"
    gate: str  # id of the open question
    until: float  # epoch seconds: then it expires


class ForTime(Fact):
    """Waits for a moment, or for a verdict that comes sooner."""

    kind: Literal["time"] = "time"
    until: float
    watch: str | None = None  # id of the watch whose verdict ends the wait sooner


class ForChecks(Fact):
    """Waits for checks and reviews of a change, or for whoever works on its files."""

    kind: Literal["checks"] = "checks"
    change: str
    until: float
    held_by: str = ""  # who has reserved the files; '': it is checks that are waited for


class ForTurn(Fact):
    """Waits until the environment is free."""

    kind: Literal["turn"] = "turn"
    environment: str
    service: str = ""


Wait = Annotated[ForApproval | ForTime | ForChecks | ForTurn, Field(discriminator="kind")]
"""What a stage waits for."""


class ForEffects(Fact):
    """Waits until effects may begin again: a person stopped them, or the audit cannot be kept."""

    kind: Literal["effects"] = "effects"
    why: str
    is_switched: bool = True  # by a person: allowing them ends the wait; else it is looked at again


Rest = Annotated[ForApproval | ForTime | ForChecks | ForTurn | ForEffects, Field(discriminator="kind")]
"""What a deployment waits for, at a stage that waits or at one whose effect was refused."""


class Request(Fact):
    """What somebody asked for."""

    kind: Kind = Kind.DEPLOY
    environment: str
    task: str | None = None
    change: str | None = None
    version: str | None = None  # commit, tag or name; None: the change's own
    strategy: Strategy | None = None
    requested_by: str
    wait: bool = True  # False: a busy environment is a refusal
    overrides: tuple[Override, ...] = ()
    flow: tuple[str, ...] = ()  # environments still to come after this one
    parent: str | None = None  # the deployment to the environment before
    rolls_back: str | None = None  # kind rollback: the deployment that is taken back


class Deployment(Fact):
    """The row: what the store knows about one deployment."""

    id: str
    request: Request
    service: str
    environment: str
    status: Status
    stage: Stage | None = None
    outcome: Outcome | None = None
    waits_for: Rest | None = None
    wake_at: float | None = None
    version: str | None = None
    plan_hash: str | None = None
    crashes: int = 0
    reason: str = ""
    graph_version: int
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


class Lease(Fact):
    """The right to drive one deployment, or to tell what is owed on a thread; the token only ever grows."""

    deployment: str
    worker: str
    token: int
    until: float
    thread: str | None = None  # of the outbox: then it is no right to drive


class Failure(Fact):
    """What went wrong, where, with the evidence that a fix task needs."""

    stage: Stage
    kind: str  # a FailureKind
    error: str
    component: str | None = None
    move: str | None = None
    log_excerpt: str = ""
    numbers: dict[str, float] = {}
    timed_out: bool = False
    silent: bool = False  # it was the outside that did not answer: the version is not to blame


class DecisionKind(StrEnum):
    """What a person answers."""

    APPROVED = "approved"
    HOLD = "hold"
    ROLL_BACK = "roll_back"


class Decision(Fact):
    """A person's answer to one open question, as it was given."""

    gate: str
    kind: DecisionKind
    by: str
    channel: str
    account: str = ""  # the identity that the channel proved
    plan_hash: str
    text: str = ""
    at: float
    comment: str | None = None  # on a thread: its id, the SHA-256 of its text, and when it was said
    text_sha256: str | None = None
    said_at: float | None = None


class Told(Fact):
    """What a step tells: a kind, words for people, and the facts behind them."""

    kind: str
    text: str
    data: dict[str, str] = {}


class Event(Fact):
    """One line of a deployment's story."""

    seq: int
    deployment: str
    at: float
    stage: Stage | None
    kind: str
    text: str
    data: dict[str, str] = {}
