"""Owners: who is called for which kind of failure (row A3)."""

from __future__ import annotations

from orchestrate.models.deployment import Failure, Outcome
from orchestrate.models.fact import Fact
from orchestrate.models.task import FailureKind

REFUSED = (Outcome.BLOCKED, Outcome.CONFLICT, Outcome.MERGE_REFUSED)


class Owners(Fact):
    """People by the kind of failure that is theirs, and who is called for every other kind."""

    default: str | None = None
    kinds: dict[FailureKind, str] = {}

    def of(self, kind: str) -> str | None:
        """The name of the person whose kind of failure it is."""
        known = FailureKind(kind) if kind in tuple(FailureKind) else FailureKind.UNKNOWN
        return self.kinds.get(known, self.default)

    def after(self, outcome: Outcome, failure: Failure | None) -> str | None:
        """Who is called when a deployment ended like this; nobody where a person or a rule ended it."""
        if outcome is Outcome.ROLLBACK_FAILED:
            return self.of(FailureKind.ROLLBACK_FAILURE)
        if failure is not None:
            return self.of(failure.kind)
        if outcome in REFUSED:
            return self.of(FailureKind.PRE_DEPLOYMENT_CHECKS_FAILED)
        return self.of(FailureKind.UNKNOWN) if outcome is Outcome.PARKED else None
