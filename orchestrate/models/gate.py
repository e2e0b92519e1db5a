"""Gates: what must be true before anything is deployed, and what was found."""

from __future__ import annotations

from enum import StrEnum

from orchestrate.models.fact import Fact


class Finding(StrEnum):
    """What a gate says. Unknown is never pass."""

    PASS = "pass"  # noqa: S105 - a finding, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    WAIT = "wait"  # not yet known, and somebody is at work on it: checks running, reviews asked for


class GateName(StrEnum):
    """The gates, in the order in which they are shown."""

    CI_CHECKS = "ci_checks"  # G1
    SECURITY_SCAN = "security_scan"  # G2
    SECURITY_APPROVAL = "security_approval"
    QA_APPROVAL = "qa_approval"
    REVIEWS = "reviews"  # G3
    MERGEABLE = "mergeable"
    BASE_BRANCH = "base_branch"
    MIGRATIONS = "migrations"  # G5
    ARTIFACT = "artifact"  # G6
    REACHABLE = "reachable"  # G7
    SETTINGS = "settings"
    NO_CONFLICT = "no_conflict"  # G8
    WINDOW = "window"  # G9
    RESOURCES = "resources"  # G10
    BACKUP = "backup"  # G11
    PROMOTION = "promotion"  # G12
    ROLLBACK_READY = "rollback_ready"  # G15
    MONITORING = "monitoring"
    QUARANTINE = "quarantine"  # R7: the environment is locked against this change
    DEPENDENCIES = "dependencies"  # tasks this one depends on


class GateResult(Fact):
    """One gate's finding, in one sentence, with the evidence and what would clear it."""

    gate: GateName
    finding: Finding
    sentence: str
    cure: str = ""
    link: str = ""
    overridden_by: str | None = None  # a named person, with the reason in the sentence


class Override(Fact):
    """A person's recorded decision to pass a gate that does not pass by itself."""

    gate: GateName
    by: str
    reason: str


class Findings(Fact):
    """What all gates said at one moment."""

    results: tuple[GateResult, ...]

    def that(self, *findings: Finding) -> tuple[GateResult, ...]:
        return tuple(one for one in self.results if one.finding in findings)

    def finding(self, gate: GateName) -> Finding | None:
        return next((one.finding for one in self.results if one.gate is gate), None)
