"""Announcements: what everybody who follows deployments was told."""

from __future__ import annotations

from orchestrate.models.fact import Fact


class Announcement(Fact):
    """One thing that was said once; `at` in epoch seconds."""

    marker: str
    deployment: str
    title: str
    text: str
    at: float
