"""One deployment in one line, and what it waits for; for people in a chat, and for models."""

from __future__ import annotations

import re

from orchestrate.models.deployment import (
    Deployment,
    ForApproval,
    ForChecks,
    ForEffects,
    ForTime,
    ForTurn,
    Rest,
)
from orchestrate.outside import inline
from orchestrate.reports.markdown import code

_COMMIT = re.compile(r"[0-9a-f]{40}")


def told(row: Deployment) -> str:
    """One deployment in one line."""
    version = row.version or row.request.version
    ships = code(shortened(version)) if version else "a version that is not decided yet"
    task = f" for {code(row.request.task)}" if row.request.task else ""
    how = f"{row.outcome or row.status}{f' at {row.stage}' if row.stage and not row.outcome else ''}"
    waits = f", waits for {wait_words(row.waits_for)}" if row.waits_for else ""
    reason = f": {inline(row.reason)}" if row.reason else ""
    by = f", asked for by {inline(row.request.requested_by)}"
    return f"{code(row.id)}: {ships} to {code(row.environment)}{task}: {how}{waits}{reason}{by}"


def shortened(version: str) -> str:
    """A commit as people write it; other names stay."""
    return version[:10] if _COMMIT.fullmatch(version) else version


def wait_words(wait: Rest) -> str:
    """What it waits for."""
    match wait:
        case ForApproval():
            return f"a person ({code(wait.gate)})"
        case ForTime():
            return "the watch" if wait.watch else "the clock"
        case ForChecks(held_by=str(who)) if who:
            return f"files that {inline(who)} has reserved"
        case ForChecks():
            return f"checks of change {code(wait.change)}" if wait.change else "checks"
        case ForTurn():
            return f"its turn in {code(wait.environment)}"
        case ForEffects():
            return f"effects: {inline(wait.why)}"
