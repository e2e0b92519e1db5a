"""Letters: what people are to be told on the tracker, and could not be told at once."""

from __future__ import annotations

from enum import StrEnum

from orchestrate.models.deployment import Stage
from orchestrate.models.fact import Fact


class LetterEnd(StrEnum):
    """How a letter ended; one that has no end is still owed."""

    TOLD = "told"
    GIVEN_UP = "given_up"  # it was tried for a day, or there is nothing any more that it could be said to
    OVERTAKEN = "overtaken"  # a later word about the task's status was heard first


class Unsent(Fact):
    """Something to be told: `kind` says who delivers it, `key` names the occasion, `body` is JSON."""

    kind: str
    key: str
    body: str


class Letter(Fact):
    """An unsent one as the store keeps it, in its place on its thread; times are epoch seconds."""

    number: int
    deployment: str
    thread: str  # the deployment's task, or itself where it has none: told in this order
    stage: Stage
    plan_hash: str | None
    kind: str
    key: str
    body: str
    at: float
    tries: int
    why: str  # it could not be told the last time; '' while others are before it
    ended_at: float | None = None
    end: LetterEnd | None = None
