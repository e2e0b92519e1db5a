"""What a deployment carries from stage to stage: small, frozen facts and ids."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from orchestrate.models.change import Merged, Version
from orchestrate.models.deployment import (
    Failure,
    ForApproval,
    ForChecks,
    ForTime,
    ForTurn,
    Lease,
    Outcome,
    Request,
    Stage,
)

GRAPH_VERSION = 1
"""Grows when a stage changes its name or meaning; threads of another version are parked."""


class Readiness(StrEnum):
    """May this be deployed?"""

    READY = "ready"
    WAIT = "wait"
    BLOCKED = "blocked"


class Planned(StrEnum):
    """Does a person have to approve the plan, or somebody else to be done first?"""

    ASK = "ask"
    GO = "go"
    WAIT = "wait"
    REFUSED = "refused"


class Asking(StrEnum):
    """What a person is asked."""

    APPROVAL = "approval"
    GO_ON = "go_on"
    ROLLBACK = "rollback"


class Answer(StrEnum):
    """What came of asking a person."""

    APPROVED = "approved"
    HELD = "held"
    ROLL_BACK = "roll_back"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    REMIND = "remind"


class Turn(StrEnum):
    """Is it this deployment's turn, and is everything still as approved?"""

    MINE = "mine"
    BUSY = "busy"
    MOVED = "moved"
    REFUSED = "refused"


class Merging(StrEnum):
    """What became of the merge?"""

    MERGED = "merged"
    MOVED = "moved"
    REFUSED = "refused"


class Course(StrEnum):
    """What comes next, once there is a plan?"""

    ACT = "act"
    VERIFY = "verify"
    WATCH = "watch"
    DONE = "done"
    ROLL_BACK = "roll_back"
    ASK = "ask"
    MOVED = "moved"
    GIVE_UP = "give_up"


class Decided(StrEnum):
    """What a person decided about a release that is half-way."""

    GO_ON = "go_on"
    ROLL_BACK = "roll_back"
    ASK_AGAIN = "ask_again"
    LEAVE = "leave"
    REMIND = "remind"


class Undoing(StrEnum):
    """Is there more to take back?"""

    MORE = "more"
    ALL = "all"


class State(TypedDict, total=False):
    """One deployment on its way; plans, logs and samples live in the store, by id."""

    deployment: str
    request: Request
    checking_since: float
    readiness: Readiness
    checks: ForChecks
    version: Version
    plan: str  # hash of the stored plan
    planned: Planned
    question: ForApproval
    asking: Asking
    answer: Answer
    turn: Turn
    turn_wait: ForTurn
    merging: Merging
    merged: Merged
    before: dict[str, str]  # component/smoke test → value that may not differ afterwards
    cursor: int  # index of the next move
    course: Course
    watch: ForTime
    reports: int  # watch reports that went out
    failure: Failure
    undo: int  # index of the last move to take back
    undone: int  # how many of the way back are behind
    careful: bool  # there was no room to go back at once
    undoing: Undoing
    rollback_failure: Failure
    fix_tasks: list[str]
    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class Drive:
    """What one drive of the graph may use and never stores: the right to do so."""

    lease: Lease


def start(deployment: str, request: Request) -> State:
    """The state before the first stage."""
    return State(deployment=deployment, request=request, cursor=0, reports=0, fix_tasks=[])


def stage_names() -> tuple[str, ...]:
    """Every stage, as positions name them."""
    return tuple(Stage)
