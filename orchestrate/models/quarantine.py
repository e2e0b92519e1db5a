"""Quarantine: the versions an environment is locked against."""

from __future__ import annotations

from orchestrate.models.fact import Fact


class Quarantine(Fact):
    """A commit that did badly here; versions that contain it are refused until it is lifted (R7)."""

    environment: str
    service: str
    commit: str
    change: str | None
    reason: str
    deployment: str
    at: float  # epoch seconds
    lifted_by: str | None = None
    lifted_reason: str = ""
