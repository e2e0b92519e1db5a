"""The summary: how each change ended, what the users saw, and what to type next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from orchestrate.app import App
from orchestrate.demo.counts import TrafficCounts
from orchestrate.demo.prepare import Errand
from orchestrate.gates import findings
from orchestrate.models.deployment import Deployment, Outcome, Request
from orchestrate.models.gate import Finding
from orchestrate.models.plan import Plan
from orchestrate.reports import plan_page

EXPECTED: Mapping[str, tuple[Outcome, str]] = {
    "install": (Outcome.DEPLOYED, "the first version"),
    "ratings": (Outcome.DEPLOYED, "a good change with an additive migration"),
    "currency": (Outcome.ROLLED_BACK, "bad only with production's traffic: the canary was caught"),
    "rename-title": (Outcome.CONFLICT, "a conflict: nothing was deployed"),
    "drop-legacy-column": (Outcome.BLOCKED, "a dangerous migration: stopped at the gate"),
}


def plan(shown: Plan) -> Markdown:
    """The plan as a person reads it before approving."""
    return Markdown(plan_page(shown))


async def told(app: App, errands: Sequence[Errand], traffic: TrafficCounts, console: Console) -> bool:
    """Print it; whether every change ended as it should."""
    table = Table(title="how it ended", title_justify="left")
    for column in ("task", "change", "environment", "outcome", "why"):
        table.add_column(column, overflow="fold")
    good = True
    for errand in errands:
        last = _last(app, errand)
        expected, what = EXPECTED[errand.name]
        good = good and last is not None and last.outcome is expected
        where, outcome = (last.environment, last.outcome or last.status) if last else ("–", "not begun")
        table.add_row(errand.task, what, where, outcome, last.reason[:200] if last else "")
    console.print(table)
    console.print(
        f"production served {traffic.served:,} requests; {traffic.failed:,} failed ({_errors(traffic)})"
    )
    await _lock(app, errands, console)
    _next(app, errands, console)
    return good


def _last(app: App, errand: Errand) -> Deployment | None:
    rows = app.store.deployments.latest(task=errand.task, limit=1)
    return rows[0] if rows else None


def _errors(traffic: TrafficCounts) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in sorted(traffic.errors.items())) or "none"


async def _lock(app: App, errands: Sequence[Errand], console: Console) -> None:
    """What production's gates say of the last change, beside the lock that the second left."""
    last = errands[-1]
    request = Request(environment="production", task=last.task, change=last.change, requested_by="demo")
    evidence = await app.crew.survey.evidence("", request, None)
    table = Table(title="what production's gates say of the dangerous migration", title_justify="left")
    for column in ("gate", "finding", "why"):
        table.add_column(column, overflow="fold")
    for result in findings(evidence):
        if result.finding is not Finding.PASS:
            table.add_row(result.gate, result.finding, result.sentence)
    console.print(table)
    for change in app.store.changes.all():
        if change.branch.startswith("revert"):
            console.print(f"prepared revert: change {change.id}, branch {change.branch}: {change.title}")


def _next(app: App, errands: Sequence[Errand], console: Console) -> None:
    bad = next(errand for errand in errands if errand.name == "currency")
    last = _last(app, bad)
    fixes = [task.id for task in app.store.tasks.all() if task.discovered_from == bad.task]
    console.print(f"\nnext, in {app.settings.path.parent}:")
    console.print("  orchestrate deploy history")
    console.print(f"  orchestrate deploy logs {last.id[-6:] if last else 'ID'}")
    for fix in fixes[:1]:
        console.print(f"  orchestrate task show {fix}")
