"""Logs: output that was captured for a deployment."""

from __future__ import annotations

from orchestrate.models.fact import Fact


class LogLine(Fact):
    """One piece of captured text and where it came from; `at` in epoch seconds."""

    at: float
    source: str
    text: str
