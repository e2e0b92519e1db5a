"""Objections: what a reviewer found in a migration that the linter let pass."""

from __future__ import annotations

from orchestrate.models.fact import Fact


class Objection(Fact):
    """One text, looked at once; the same text is the same objection wherever it is deployed."""

    sha256: str  # of the migration's text
    dialect: str
    reason: str  # '': nothing was found
    by: str  # whose opinion it is
    deployment: str  # for which it was looked at
    at: float = 0.0  # epoch seconds
