"""Progress: what people hear between the start and the result."""

from __future__ import annotations

from orchestrate.models.deployment import Kind, Request
from orchestrate.models.move import words
from orchestrate.models.plan import Plan
from orchestrate.models.sample import Judgement, Verdict
from orchestrate.models.watch import Watch
from orchestrate.outside import inline, line
from orchestrate.reports.markdown import bullets, code, duration, page

VERDICTS = {
    Verdict.PASS: "✅ good so far",
    Verdict.FAIL: "❌ bad",
    Verdict.INCONCLUSIVE: "❔ too early to tell",
}


def picked_up(deployment: str, request: Request) -> str:
    """The acknowledgement on the thread (Q5)."""
    what = "rollback" if request.kind is Kind.ROLLBACK else "deployment"
    return page(
        f"Picked up as {what} {code(deployment)} to {code(request.environment)}, asked for by "
        f"{inline(request.requested_by)}. The gates come first. "
        f"Follow it with {code(f'orchestrate deploy status {deployment}')}."
    )


def started(deployment: str, request: Request) -> tuple[str, str]:
    """Title and text of the announcement of a start (A1)."""
    verb = "Rolling back" if request.kind is Kind.ROLLBACK else "Deploying to"
    asked = [
        ("deployment", deployment),
        ("task", request.task),
        ("change", request.change),
        ("version", request.version or (None if request.change else "as the task says")),
        ("strategy", request.strategy),
        ("asked for by", request.requested_by),
    ]
    return (
        line(f"{verb} {request.environment}"),
        page(bullets(f"{name}: {inline(value)}" for name, value in asked if value)),
    )


def progress(plan: Plan, cursor: int) -> str:
    """One line: how far the moves are, and what comes now."""
    if cursor >= len(plan.moves):
        return page(f"{len(plan.moves)}/{len(plan.moves)} all moves are made")
    return page(f"{cursor + 1}/{len(plan.moves)} {inline(words(plan.moves[cursor].move))}")


def alert(watch: Watch, sentence: str) -> str:
    """A threshold that was crossed, as soon as it is: nothing is rolled back for it."""
    return page(
        f"⚠️ **Alert: {code(watch.component)} in {code(watch.environment)}** at {watch.share} % of the "
        f"traffic: {inline(sentence, 1000)}. It is watched on; nothing is rolled back for this alone."
    )


def watch_report(watch: Watch, judgement: Judgement, now: float) -> str:
    """What the numbers say while a release is watched (V3)."""
    passed, left = max(0.0, now - watch.opened_at), max(0.0, watch.until - now)
    numbers = [f"{inline(name)}: {value:g}" for name, value in sorted(judgement.numbers.items())]
    alerts = [f"⚠️ alert only: {inline(alert)}" for alert in judgement.alerts]
    return page(
        f"**{code(watch.component)} in {code(watch.environment)}: {VERDICTS[judgement.verdict]}** after "
        f"{duration(passed)} at {watch.share} % of the traffic, {duration(left)} to go.",
        inline(judgement.sentence, 1000),
        bullets((*numbers, *alerts)),
    )
