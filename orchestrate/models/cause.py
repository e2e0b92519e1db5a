"""Causes: why a deployment failed, told apart so that each gets one fix task."""

from __future__ import annotations

from orchestrate.models.fact import Fact
from orchestrate.models.task import FailureKind, Priority


class Cause(Fact):
    """One distinct reason for a failure; two failures with the same fingerprint have the same cause."""

    fingerprint: str  # SHA-256 of service, exception type and normalised top frames, in hex
    kind: FailureKind
    title: str
    error: str
    stack: str = ""
    excerpt: str = ""  # log lines around it
    count: int = 1  # how often the log shows it
    priority: Priority
    explanation: str = ""  # a model's, never a status
    suspects: tuple[str, ...] = ()  # files of the change that a model suspects
