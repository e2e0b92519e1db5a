"""Chores: several words that belong together, which people are told at an end, now or when that can be."""

from __future__ import annotations

from collections.abc import Sequence

from agents.triager import fix_task
from graphs.steps.afterwards import ask_for_tests
from graphs.steps.announcing import worded
from graphs.steps.crew import WHOLE_STORY, Crew
from graphs.steps.workspaces import destroy_workspace
from orchestrate import reports
from orchestrate.models.cause import Cause
from orchestrate.models.deployment import Failure, Outcome, Request
from orchestrate.models.fact import Fact
from orchestrate.models.letter import Letter
from orchestrate.models.plan import Plan
from orchestrate.models.task import FailureKind, NewTask
from tools.executor import Errand
from tools.voice import Manner

FIXES, ENDING, WORKSPACE = "fix_tasks", "ending", "workspace"


class Fixes(Fact):
    """The causes that want a task each, and those of a way back that failed."""

    task: str | None
    failure: Failure
    causes: tuple[Cause, ...]
    stuck: Failure | None = None
    stuck_causes: tuple[Cause, ...] = ()


class Ending(Fact):
    """How a deployment ended that did not go well."""

    task: str | None
    outcome: Outcome
    reason: str
    failure: Failure | None = None
    went_back: bool = False


class Tidying(Fact):
    """A task whose workspace is no longer needed."""

    task: str | None


async def repeat(crew: Crew, at: Errand, letter: Letter) -> None:
    """Say what was kept. Raises what keeps it from being said now."""
    match letter.kind:
        case "fix_tasks":
            await file_fixes(crew, at, Fixes.model_validate_json(letter.body))
        case "ending":
            await tell_ending(crew, at, Ending.model_validate_json(letter.body))
        case "workspace":
            await tidy(crew, at, Tidying.model_validate_json(letter.body))
        case "e2e_tests":
            await ask_for_tests(crew, at, NewTask.model_validate_json(letter.body))
        case _:
            await crew.voice.in_manner(Manner.ITSELF).repeat(at, letter)


async def tidy(crew: Crew, at: Errand, due: Tidying) -> None:
    """Remove the task's workspace."""
    await destroy_workspace(crew, crew.voice.in_manner(Manner.ITSELF), due.task, at)


async def file_fixes(crew: Crew, at: Errand, due: Fixes) -> None:
    """One task per distinct cause; one more, urgent, when the way back failed; others wait for the first."""
    plan, voice = crew.store.plans.proven(at.plan_hash or ""), crew.voice.in_manner(Manner.ITSELF)
    await _all_filed(crew, at, plan, due.causes, due.failure, due.task)
    if due.stuck is not None:
        await _all_filed(crew, at, plan, due.stuck_causes, due.stuck, due.task)
        owner = crew.owners.of(FailureKind.ROLLBACK_FAILURE)
        title, text = reports.rollback_failed(at.deployment, plan, due.stuck, owner)
        await voice.announce(at, "rollback failed", title, text, urgent=True)
    filed = fixes_of(crew, at.deployment)
    if due.task and filed:
        await voice.hand_over(at, due.task, filed[0])


def fixes_of(crew: Crew, deployment: str) -> list[str]:
    """The tasks that fix what the deployment failed of, as its story names them."""
    story = crew.store.events.of(deployment, limit=WHOLE_STORY)
    return list(dict.fromkeys(one.data["task"] for one in story if one.kind == "cause"))


async def tell_ending(crew: Crew, at: Errand, due: Ending) -> None:
    """Tell how it ended, and leave no task where it would be lost."""
    voice, fixes = crew.voice.in_manner(Manner.ITSELF), fixes_of(crew, at.deployment)
    if due.outcome not in (Outcome.BLOCKED, Outcome.CONFLICT, Outcome.MERGE_REFUSED):
        title, text = _words(crew, at, due, fixes)
        await voice.say(at, due.task, "result", text)
        text = await worded(crew, at, crew.places(_request(crew, at).environment).environment, title, text)
        await voice.announce(at, "result", title, text, urgent=due.outcome is Outcome.ROLLBACK_FAILED)
    await _settle(crew, at, due, fixes)
    if due.went_back and due.outcome is not Outcome.ROLLBACK_FAILED:
        await _close_rollback(crew, at)


def _words(crew: Crew, at: Errand, due: Ending, fixes: list[str]) -> tuple[str, str]:
    request = _request(crew, at)
    events = crew.store.events.of(at.deployment, limit=WHOLE_STORY)
    owner = crew.owners.after(due.outcome, due.failure)
    return reports.failure(
        at.deployment, request, due.outcome, due.reason, due.failure, fixes, events=events, owner=owner
    )


def _request(crew: Crew, at: Errand) -> Request:
    return crew.store.deployments.deployment(at.deployment).request


async def _settle(crew: Crew, at: Errand, due: Ending, fixes: list[str]) -> None:
    statuses, voice = crew.statuses, crew.voice.in_manner(Manner.ITSELF)
    if fixes:
        reason = f"Failed - created fix task {', '.join(fixes)}"
        await voice.close(at, due.task, statuses.failed, reason)
    elif due.outcome in (Outcome.HELD, Outcome.EXPIRED, Outcome.CANCELLED):
        await voice.move(at, due.task, statuses.held)
    elif due.outcome is Outcome.SUPERSEDED:
        await voice.close(at, due.task, statuses.failed, "Superseded by a newer candidate")
    elif due.outcome not in (Outcome.BLOCKED, Outcome.CONFLICT, Outcome.MERGE_REFUSED):
        await voice.move(at, due.task, statuses.blocked)  # no fix task could be filed


async def _close_rollback(crew: Crew, at: Errand) -> None:
    """The task that asked for this rollback has nothing left to ask."""
    asked = await crew.survey.tasks.find(rollback_marker(at.deployment))
    if asked is not None:
        voice = crew.voice.in_manner(Manner.ITSELF)
        await voice.close(at, asked.id, crew.statuses.done, "Rolled back and verified")


async def _all_filed(  # noqa: PLR0913  what a fix task is made of
    crew: Crew, at: Errand, plan: Plan, causes: Sequence[Cause], failure: Failure, task: str | None
) -> None:
    """The tasks that fix these causes, with a line in the story for each."""
    for cause in causes:
        story = crew.store.events.of(at.deployment, limit=WHOLE_STORY)
        if any(one.kind == "cause" and one.data["fingerprint"] == cause.fingerprint for one in story):
            continue  # it was filed before an interruption
        filed = await _fix(crew, at, plan, cause, failure, task)
        text = f"{cause.title} ({cause.count} ×); to be fixed in {filed}"
        facts = {"task": filed, "fingerprint": cause.fingerprint}
        facts |= {"explanation": cause.explanation} if cause.explanation else {}
        crew.event(at, "cause", text, **facts)


async def _fix(  # noqa: PLR0913  what a fix task is made of
    crew: Crew, at: Errand, plan: Plan, cause: Cause, failure: Failure, task: str | None
) -> str:
    """A new task, or the open one, which is told that its cause was seen again (F1)."""
    voice = crew.voice.in_manner(Manner.ITSELF)
    revert = next((one for one in crew.store.events.of(at.deployment) if one.kind == "revert"), None)
    owner = crew.owners.of(cause.kind)
    new = fix_task(cause, failure, plan, task, revert.text if revert else "", owner)
    known = await crew.survey.tasks.find(new.marker)
    if known is not None and known.is_closed:
        new = new.model_copy(update={"marker": f"{new.marker}/{at.deployment}"})
    elif known is not None and not voice.has_filed(at, new):
        text = reports.seen_again(at.deployment, failure)
        await voice.say(at, known.id, f"again {cause.fingerprint}", text)
        return known.id
    return (await voice.file(at, new)).id


def rollback_marker(deployment: str) -> str:
    """By which the task is found that asks for this deployment's rollback."""
    return f"rollback/{deployment}"
