"""Reports: facts in, Markdown out; what people read comes from receipts."""

from __future__ import annotations

from orchestrate.reports.asking import approval_request, decision_request, foresight, reminder, rollback_task
from orchestrate.reports.gates import blocked, gates_table
from orchestrate.reports.plan import plan_page
from orchestrate.reports.postmortem import postmortem
from orchestrate.reports.progress import alert, picked_up, progress, started, watch_report
from orchestrate.reports.record import deployment_report
from orchestrate.reports.resolution import resolution, resolved, unresolved
from orchestrate.reports.result import (
    e2e_tests,
    failure,
    fix,
    rollback_failed,
    seen_again,
    success,
    worded,
)
from orchestrate.reports.work import held_by_others

__all__ = [
    "alert",
    "approval_request",
    "blocked",
    "decision_request",
    "deployment_report",
    "e2e_tests",
    "failure",
    "fix",
    "foresight",
    "gates_table",
    "held_by_others",
    "picked_up",
    "plan_page",
    "postmortem",
    "progress",
    "reminder",
    "resolution",
    "resolved",
    "rollback_failed",
    "rollback_task",
    "seen_again",
    "started",
    "success",
    "unresolved",
    "watch_report",
    "worded",
]
