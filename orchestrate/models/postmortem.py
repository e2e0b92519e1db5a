"""Post-mortems: what is known about a deployment that was taken back, for people to finish."""

from __future__ import annotations

from orchestrate.models.deployment import Outcome
from orchestrate.models.fact import Fact

TAKEN_BACK = frozenset({Outcome.ROLLED_BACK, Outcome.ROLLBACK_FAILED, Outcome.TIMED_OUT})
"""The outcomes after which a draft is written."""


class Moment(Fact):
    """Something that happened."""

    at: float  # epoch seconds
    kind: str
    text: str


class RootCause(Fact):
    """A cause that the logs show, and what was filed about it."""

    text: str
    task: str = ""
    guess: str = ""  # a model's explanation


class Proof(Fact):
    """A verdict against the version, with the numbers that decided."""

    sentence: str
    numbers: dict[str, float] = {}


class Exposure(Fact):
    """How long which share of a component's customers had the new version."""

    component: str
    share: int  # percent of the traffic
    since: float  # epoch seconds
    until: float | None = None  # None: to this day

    @property
    def seconds(self) -> float:
        return (self.until or self.since) - self.since


class PostMortem(Fact):
    """Everything that receipts, measurements and the story tell."""

    deployment: str
    service: str
    environment: str
    version: str
    change: str | None = None
    task: str | None = None
    requested_by: str
    outcome: Outcome | None
    began: float  # epoch seconds
    ended: float
    failed_step: str = ""
    error: str = ""
    timeline: tuple[Moment, ...] = ()
    causes: tuple[RootCause, ...] = ()
    proofs: tuple[Proof, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    requests: int = 0  # that the new version answered while it was watched
    errors: int = 0  # of them
    follow_ups: tuple[str, ...] = ()
