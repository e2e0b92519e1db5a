"""Results: how a deployment ended, from receipts, for people and for files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrate.models.cause import Cause
from orchestrate.models.deployment import Deployment, Event, Failure, Kind, Outcome, Request
from orchestrate.models.plan import Plan
from orchestrate.models.postmortem import TAKEN_BACK
from orchestrate.models.task import FailureKind
from orchestrate.outside import block, inline, line
from orchestrate.reports.markdown import bullets, called, code, duration, instant, mention, page, section
from orchestrate.reports.plan import ships

ENDS: Mapping[Outcome, tuple[str, str]] = {
    Outcome.DEPLOYED: ("Deployed", "It is live and was watched to the end."),
    Outcome.BLOCKED: ("Blocked", "Nothing was changed; the gates run again when something changed."),
    Outcome.HELD: ("On hold", "Nothing goes on until a person says so."),
    Outcome.EXPIRED: ("Expired", "Nothing was changed; ask for the deployment again."),
    Outcome.CONFLICT: ("Conflict", "Nothing was changed; the change must be made to fit its base."),
    Outcome.MERGE_REFUSED: ("Merge refused", "Nothing was changed; clear what the forge says."),
    Outcome.FAILED_BEFORE_CHANGE: (
        "Failed",
        "Nothing that serves people was changed, so nothing was rolled back.",
    ),
    Outcome.ROLLED_BACK: ("Rolled back", "The version before serves again, and was verified."),
    Outcome.ROLLBACK_FAILED: (
        "ROLLBACK FAILED",
        "A person must look now: part of it could not be taken back.",
    ),
    Outcome.TIMED_OUT: ("Timed out", "It took longer than allowed."),
    Outcome.CANCELLED: ("Cancelled", "It was stopped before it was done."),
    Outcome.SUPERSEDED: ("Superseded", "A newer candidate contains it."),
    Outcome.PARKED: ("Parked", "It cannot go on by itself; a person must look."),
}
"""What each outcome is called, and what it means for whoever reads it."""


def success(deployment: Deployment, plan: Plan, events: Sequence[Event], now: float) -> tuple[str, str]:
    """Title and text about a deployment that went well (A3)."""
    began = (deployment.started_at or deployment.created_at).timestamp()
    verb = "Rolled back" if deployment.request.kind is Kind.ROLLBACK else "Deployed"
    what = f"{plan.service} {plan.version.name} to {plan.environment}"
    title = line(f"{verb}: {what} in {duration(now - began)}")
    merged = _texts(events, "merged")
    text = page(
        f"**{verb} {code(plan.service)} {code(plan.version.name)} to {code(plan.environment)}.**",
        section(
            "Times",
            bullets(
                (
                    f"started {instant(began)}",
                    f"finished {instant(now)}",
                    f"took {duration(now - began)}",
                )
            ),
        ),
        section("What was deployed", ships(plan)),
        section("Merge", bullets(merged)),
        section("Verification", bullets((*_texts(events, "verified"), *_texts(events, "new_lines")))),
        section("Metrics", bullets(_texts(events, "verdict"))),
        section("Alerts", bullets(_texts(events, "alert"))),
        section("Links", _links(plan.deployment, plan.change)),
    )
    return title, text


def failure(  # noqa: PLR0913 - a report is about many facts
    deployment: str,
    request: Request,
    outcome: Outcome,
    reason: str,
    failure: Failure | None,
    fixes: Sequence[str],
    *,
    events: Sequence[Event] = (),
    owner: str | None = None,
) -> tuple[str, str]:
    """Title and text about a deployment that did not go well (A3)."""
    name, meaning = ENDS[outcome]
    title = line(f"{name}: {request.environment}")
    text = page(
        f"{called(owner)}**{name}: deployment {code(deployment)} to {code(request.environment)}.** {meaning}",
        section("Failed step", _step(failure) if failure else ""),
        section("Error", inline(failure.error if failure else reason, 1000)),
        section("Numbers that decided", numbers(failure) if failure else ""),
        section("Alerts", bullets(_texts(events, "alert"))),
        section("Rollback", bullets(_texts(events, "rollback_verified"))),
        section("Root cause", _root(events, failure)),
        section("Log", block(failure.log_excerpt, 2000) if failure and failure.log_excerpt else ""),
        section("Action", _action(outcome, fixes)),
        section("Links", _links(deployment, request.change, has_draft=outcome in TAKEN_BACK)),
    )
    return title, text


def e2e_tests(plan: Plan, url: str, task: str | None) -> tuple[str, str]:
    """Title and description of the task that asks for end-to-end tests of what is live now (A4)."""
    named = (
        f"service: {code(plan.service)}",
        f"environment: {code(plan.environment)}",
        f"version: {code(plan.version.name)} ({code(plan.version.commit)})",
        f"address: {code(url)}" if url else "",
        f"change: {code(plan.change)}" if plan.change else "",
        f"deployed by task: {code(task)}" if task else "",
        f"deployment: {code(plan.deployment)}",
    )
    text = page("It was deployed, verified and watched.", bullets(one for one in named if one))
    return line(f"Test end to end: {plan.service} {plan.version.name} in {plan.environment}", 140), text


def worded(said: str, text: str) -> str:
    """An announcement with a model's few words before our own."""
    return page(f"{inline(said, 700)} (a model's words; what follows are the facts)", text)


def rollback_failed(
    deployment: str, plan: Plan, failure: Failure, owner: str | None = None
) -> tuple[str, str]:
    """Title and text of the urgent announcement with what to do by hand (R4)."""
    served = [f"{one.component} {one.from_version.name}" for one in plan.ships if one.from_version]
    goal = ", ".join(code(one) for one in served) or "nothing, as before"
    by_hand = (
        f"see what serves: {code(f'orchestrate deploy status {deployment}')}",
        f"bring back what served before ({goal}): "
        f"{code(f'orchestrate deploy rollback --env {plan.environment}')}",
        "if that fails too, give the traffic to an instance of the old version that is healthy",
        "migrations stay: they are additive, and the old version runs with them",
    )
    text = page(
        f"{called(owner)}**{code(plan.environment)} is not as it was before deployment {code(deployment)}, "
        "and nobody but a person can mend it now.**",
        section("What could not be taken back", bullets((_step(failure), inline(failure.error, 1000)))),
        section("What to do by hand", bullets(by_hand)),
        section("Links", _links(deployment, plan.change)),
    )
    return line(f"ROLLBACK FAILED: {plan.environment}"), text


def fix(cause: Cause, failure: Failure, plan: Plan, revert: str = "", owner: str | None = None) -> str:
    """The description of a fix task: all that is needed to start (F1)."""
    emergency = "emergency: true" if cause.kind is FailureKind.ROLLBACK_FAILURE else ""
    named = [
        f"service: {code(plan.service)}",
        f"environment: {code(plan.environment)}",
        f"version: {code(plan.version.name)} ({code(plan.version.commit)})",
        f"change: {code(plan.change)}" if plan.change else "",
        f"kind: {code(cause.kind)}",
        f"owner: {mention(owner)}" if owner else "",
        f"component: {code(failure.component)}" if failure.component else "",
        f"step: {inline(failure.move)}" if failure.move else "",
        f"seen: {cause.count} ×",
        f"fingerprint: {code(cause.fingerprint)}",
        emergency,
    ]
    return page(
        bullets(one for one in named if one),
        section("Error", inline(cause.error, 1000)),
        section(
            "What the deployment saw", inline(failure.error, 1000) if failure.error != cause.error else ""
        ),
        section("Numbers that decided", numbers(failure)),
        section("Stack trace", block(cause.stack, 6000) if cause.stack else ""),
        section(
            "Log",
            block(cause.excerpt or failure.log_excerpt, 4000) if cause.excerpt or failure.log_excerpt else "",
        ),
        section("A model's guess", inline(cause.explanation, 1200)),
        section("Files that it suspects", bullets(code(path) for path in cause.suspects)),
        section("Revert", inline(revert)),
        section("Full log", _links(plan.deployment, None)),
    )


def seen_again(deployment: str, failure: Failure) -> str:
    """What an open fix task hears when its cause comes back (F1)."""
    return page(
        f"Seen again in deployment {deployment}: {inline(failure.error, 1000)}",
        numbers(failure),
        _links(deployment, None),
    )


def numbers(failure: Failure) -> str:
    """The numbers that decided, one a line."""
    return bullets(f"{inline(name)}: {value:g}" for name, value in sorted(failure.numbers.items()))


def _step(failure: Failure) -> str:
    move = f": {inline(failure.move)}" if failure.move else ""
    late = " (not done in time)" if failure.timed_out else ""
    return f"{failure.stage.replace('_', ' ')}{move}{late}"


def _root(events: Sequence[Event], failure: Failure | None) -> str:
    if causes := _texts(events, "cause"):
        return bullets(causes)
    return inline(f"{failure.kind.replace('_', ' ')}") if failure else ""


def _action(outcome: Outcome, fixes: Sequence[str]) -> str:
    filed = [f"fix task {code(one)} was created" for one in dict.fromkeys(fixes)]
    return bullets((*filed, ENDS[outcome][1]))


def _links(deployment: str, change: str | None, *, has_draft: bool = False) -> str:
    lines = [
        f"full log: {code(f'orchestrate deploy logs {deployment}')}",
        f"state and history: {code(f'orchestrate deploy status {deployment}')}",
        f"draft of a post-mortem: {code(f'orchestrate deploy postmortem {deployment}')}" if has_draft else "",
        f"change {code(change)}" if change else "",
    ]
    return bullets(one for one in lines if one)


def _texts(events: Sequence[Event], kind: str) -> list[str]:
    """What the story says about one matter; a step that was made twice says it once."""
    return list(dict.fromkeys(inline(event.text, 600) for event in events if event.kind == kind))
