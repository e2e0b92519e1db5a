"""Answers: what each role may say; closed types, so that nothing else can be heard."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from orchestrate.models.fact import Fact
from orchestrate.models.plan import Risk

Sentence = Annotated[str, Field(min_length=1, max_length=300)]
Prose = Annotated[str, Field(max_length=4000)]


class Advice(StrEnum):
    """What a deployer may propose; the graph executes, or does not."""

    PROCEED = "proceed"
    HOLD = "hold"
    CHECK_MORE = "check_more"
    ROLL_BACK = "roll_back"


class ExtraCheck(StrEnum):
    """Checks that a model may add to a plan."""

    VERIFY_AFTER_WATCH = "verify_after_watch"  # all checks again when the monitoring period is over
    READ_MIGRATIONS = "read_migrations"  # the approver has read every migration
    REHEARSE_ROLLBACK = "rehearse_rollback"  # the approver knows that the rollback was tried elsewhere
    WATCH_TOGETHER = "watch_together"  # somebody who knows the change watches with us


class DeployerProposal(Fact):
    """The deployer's opinion about a deployment as it stands."""

    advice: Advice
    reasons: Annotated[tuple[Sentence, ...], Field(min_length=1, max_length=5)]


class PlanProposal(Fact):
    """What would make a plan stricter; there is no way to make it laxer."""

    risk: Risk = Risk.LOW
    reasons: Annotated[tuple[Sentence, ...], Field(max_length=5)] = ()
    checks: Annotated[tuple[ExtraCheck, ...], Field(max_length=len(ExtraCheck))] = ()
    watch_minutes: Annotated[int, Field(ge=0, le=240)] = 0  # at least this long; 0: as planned


class RiskProposal(Fact):
    """A risk, and why; it counts when it is higher than the rules'."""

    risk: Risk
    reasons: Annotated[tuple[Sentence, ...], Field(min_length=1, max_length=5)]


class ReviewedMigration(Fact):
    """One migration that a reviewer objects to."""

    path: str
    reason: Sentence


class MigrationReview(Fact):
    """Objections to migrations; none means nothing was found beyond the linter's findings."""

    objections: Annotated[tuple[ReviewedMigration, ...], Field(max_length=20)] = ()


class Suspicion(Fact):
    """What may be behind one cause, by its fingerprint."""

    fingerprint: str
    explanation: Annotated[str, Field(max_length=1200)]
    files: Annotated[tuple[str, ...], Field(max_length=10)] = ()  # of the change only


class TriageNotes(Fact):
    """Notes on causes that the log deduplicator found."""

    notes: Annotated[tuple[Suspicion, ...], Field(max_length=3)] = ()


class ResolvedText(Fact):
    """One file that conflicted, without its marks."""

    path: str
    text: Annotated[str, Field(max_length=100_000)]


class Resolution(Fact):
    """A proposal for files that conflict; somebody reviews it on a branch of its own."""

    summary: Sentence
    texts: Annotated[tuple[ResolvedText, ...], Field(max_length=20)] = ()


class Draft(Fact):
    """A text for people, to be put around facts that receipts prove."""

    title: Sentence
    text: Prose


class Reply(Fact):
    """An answer to a plain question, from read-only facts."""

    text: Prose


class Advised(Fact):
    """The one form of all advisers: each fills in what it was asked for. The API's cache is by form."""

    advice: Advice = Advice.HOLD
    risk: Risk = Risk.LOW
    reasons: Annotated[tuple[Sentence, ...], Field(max_length=5)] = ()
    checks: Annotated[tuple[ExtraCheck, ...], Field(max_length=len(ExtraCheck))] = ()
    watch_minutes: Annotated[int, Field(ge=0, le=240)] = 0
    objections: Annotated[tuple[ReviewedMigration, ...], Field(max_length=20)] = ()
    notes: Annotated[tuple[Suspicion, ...], Field(max_length=3)] = ()
