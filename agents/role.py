"""Roles: the closed set of minds that a deployment may ask."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Who is asked; each has a prompt file of this name."""

    DEPLOYER = "deployer"
    PLANNER = "planner"
    RISK_ASSESSOR = "risk_assessor"
    MIGRATION_REVIEWER = "migration_reviewer"
    TRIAGER = "triager"
    CONFLICT_RESOLVER = "conflict_resolver"
    ANNOUNCER = "announcer"
    RELEASE_WRITER = "release_writer"
    ASSISTANT = "assistant"
