"""Outline: a plan in few words, for whoever is asked about it."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrate.models.move import Irreversible, words
from orchestrate.models.plan import Plan


def outline(plan: Plan) -> str:
    """What ships, the moves, what is never taken back, and how it is watched: one text for one plan."""
    return "\n".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[str]:
    for one in plan.ships:
        before = one.from_version.name if one.from_version else "nothing"
        yield f"ships {one.component}: {before} to {one.to_version.name}, {one.strategy}"
    for number, step in enumerate(plan.moves, 1):
        kept = f"; never taken back: {step.undo.reason}" if isinstance(step.undo, Irreversible) else ""
        yield f"{number}. {words(step.move)}{kept}"
    for verdict in plan.migrations:
        yield f"migration {verdict.path}: {verdict.verdict} {', '.join(verdict.reasons)}".rstrip()
    for override in plan.overrides:
        yield f"gate {override.gate} overridden by {override.by}: {override.reason}"
    triggers = plan.triggers
    yield (
        f"goes back above {triggers.error_rate / 100:g} % errors or {triggers.response_time_p99} ms at p99; "
        f"watched for {plan.monitoring.period} s; back within {plan.rollback_seconds} s"
    )
    yield f"risk by the rules: {plan.risk}: {'; '.join(plan.risk_reasons)}"
