"""The record: deployment-report.json, for other programs (O3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrate.models.deployment import Deployment, Outcome
from orchestrate.models.gate import GateResult
from orchestrate.models.move import Irreversible
from orchestrate.models.plan import Plan

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]


def deployment_report(
    deployment: Deployment, plan: Plan | None, gates: Iterable[GateResult] = ()
) -> Mapping[str, Json]:
    """Everything that decides about what follows, in plain values. Times are ISO 8601 in UTC."""
    ended = deployment.finished_at or deployment.created_at
    version = plan.version.name if plan else deployment.version
    return {
        "task_id": deployment.request.task,
        "success": deployment.outcome is Outcome.DEPLOYED,
        "timestamp": ended.isoformat(),
        "deployment_target": deployment.environment,
        "strategy": _strategy(plan),
        "version": version,
        "rollback_available": plan is not None and _can_go_back(plan),
        "gates": {one.gate.value: _gate(one) for one in gates},
        "deployment": deployment.id,
        "service": deployment.service,
        "outcome": deployment.outcome.value if deployment.outcome else None,
        "reason": deployment.reason,
        "plan": plan.hash if plan else None,
    }


def _strategy(plan: Plan | None) -> str | None:
    names = sorted({one.strategy.value for one in plan.ships}) if plan else []
    return ", ".join(names) or None


def _can_go_back(plan: Plan) -> bool:
    return any(one.from_version for one in plan.ships) and any(
        not isinstance(step.undo, Irreversible) for step in plan.moves
    )


def _gate(result: GateResult) -> dict[str, Json]:
    return {
        "finding": result.finding.value,
        "sentence": result.sentence,
        "overridden_by": result.overridden_by,
    }
