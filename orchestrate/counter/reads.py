"""Reads: what is under way, was deployed, is live or asked, in lines that people read; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrate.app import App
from orchestrate.chat import CALL
from orchestrate.counter.finding import MOST, deployments_of, is_deployed, under_way, why
from orchestrate.counter.naming import environment_named
from orchestrate.counter.reply import Reply
from orchestrate.errors import OrchestrateError, Refused
from orchestrate.models.change import Version
from orchestrate.models.deployment import Deployment
from orchestrate.models.environment import Environment
from orchestrate.models.move import words
from orchestrate.models.question import Question
from orchestrate.models.runtime import Running
from orchestrate.outside import inline
from orchestrate.reports.asking import ASKED, COMMANDS, foresight
from orchestrate.reports.markdown import bullets, code, instant, page
from orchestrate.reports.plan import RISKS
from orchestrate.reports.rows import shortened, told

__all__ = [
    "approvers",
    "asked",
    "history",
    "live",
    "plan",
    "questions",
    "reasons",
    "shortened",
    "status",
    "told",
]

RECENT = 5
"""So many past deployments are told of at once."""


def status(app: App, of: str | None) -> Reply:
    """What is under way, or how this deployment, or a task's newest, is doing. Raises UnknownDeployment."""
    if of is not None:
        row = deployments_of(app, of)[0]
        return Reply(text=page(told(row), *asked(app, row)), deployment=row.id)
    rows = under_way(app)
    stop = app.store.switch.stopped()
    stopped = f"Effects are stopped: {inline(stop.words)}." if stop else ""
    return Reply(text=page(stopped, bullets(told(row) for row in rows) or "Nothing is under way."))


def history(app: App, environment: str | None) -> Reply:
    """What was deployed, newest first. Raises UnknownEnvironment."""
    name = environment_named(app.settings, app.store, environment).name if environment else None
    rows = app.store.deployments.latest(environment=name, limit=RECENT)
    return Reply(text=bullets(told(row) for row in rows) or "Nothing was deployed yet.")


def plan(app: App, of: str | None) -> Reply:
    """What a plan does, in short, and the question about it. Raises UnknownDeployment, Refused."""
    row = _planned(app, of)
    found = app.store.plans.plan(row.plan_hash or "")
    moves = [inline(words(move.move)) for move in found.moves]
    facts = (
        f"Plan {code(found.hash[:12])} of deployment {code(row.id)}: {code(found.version.name)} to "
        f"{code(found.environment)}, risk {RISKS[found.risk]}."
    )
    whole = f"All of it: {code(f'orchestrate deploy plan {row.id}')}"
    seen = foresight(app.store.events.foreseen(row.id, found.hash))
    return Reply(text=page(facts, bullets(moves), seen, *asked(app, row), whole), deployment=row.id)


def _planned(app: App, of: str | None) -> Deployment:
    rows = deployments_of(app, of)[:1] if of else [row for row in under_way(app) if row.plan_hash]
    if len(rows) != 1:
        cure = f"name one: {CALL} plan {rows[0].id}" if rows else f"see what is under way: {CALL} status"
        raise Refused(f"{len(rows) or 'no'} plans are under way", cure=cure)
    if rows[0].plan_hash is None:
        raise Refused(f"deployment {rows[0].id} has no plan yet", cure=f"{CALL} status {rows[0].id}")
    return rows[0]


def questions(app: App) -> Reply:
    """What people are asked."""
    found = app.store.questions.unanswered()
    return Reply(text=bullets(_open(one) for one in found) or "Nobody is asked anything.")


def asked(app: App, row: Deployment) -> Iterator[str]:
    """The open questions of a deployment, with how to answer them."""
    yield from (_open(one) for one in app.store.questions.for_deployment(row.id) if one.is_open)


def _open(question: Question) -> str:
    said, answers = ASKED.get(question.gate_kind.partition("/")[0], ASKED["approval"])
    calls = {"Approved": f"approve {question.id}", "Hold": f"hold {question.id}"}
    ways = (code(f"{CALL} {calls.get(one, f'{COMMANDS[one]} {question.deployment}')}") for one in answers)
    return (
        f"Question {code(question.id)} of deployment {code(question.deployment)}: {said} Answer with "
        f"{' or '.join(ways)}; it holds for plan {code(question.plan_hash[:12])} and expires "
        f"{instant(question.expires)}."
    )


async def live(app: App, environments: Sequence[Environment]) -> Reply:
    """What serves now in each environment; a place that cannot be looked at is said so."""
    return Reply(text=bullets([line for one in environments for line in await _serving(app, one)]))


async def _serving(app: App, environment: Environment) -> list[str]:
    try:
        running = await app.crew.places(environment.name).running()
    except (OrchestrateError, OSError) as problem:
        last = app.store.verified.last(environment.name, environment.service)
        known = f"; verified last: {_version(last)}" if last else ""
        text = inline(str(problem) if isinstance(problem, OSError) else why(problem))
        return [f"{code(environment.name)} cannot be looked at: {text}{known}"]
    return [f"{code(environment.name)}: {_component(name, one)}" for name, one in running.items()]


def _component(name: str, running: Running) -> str:
    slot = running.live
    if slot is None and running.unknown:
        return f"nobody knows which version {code(name)} serves"
    if slot is None or slot.version is None:
        return f"nothing of {code(name)} is live"
    share = running.weights.get(slot.name)
    traffic = f", {share} % of the traffic" if share not in (None, 100) else ""
    return f"{code(name)} serves {_version(slot.version)}{traffic}"


def _version(version: Version) -> str:
    return f"{code(version.name)} ({code(version.commit[:10])})"


def approvers(environments: Sequence[Environment]) -> Reply:
    """Who may approve where."""
    lines = (
        f"{code(one.name)}: {', '.join(inline(name) for name in one.approvers) or 'nobody'}"
        if one.asks_a_person
        else f"{code(one.name)} asks nobody"
        for one in environments
    )
    return Reply(text=bullets(lines))


def reasons(app: App, environments: Sequence[Environment]) -> Reply:
    """Why the newest deployment that did not end well, in each environment, ended as it did."""
    found = [row for one in environments for row in _failed(app, one)]
    return Reply(text=bullets(told(row) for row in found) or "Nothing ended badly here.")


def _failed(app: App, environment: Environment) -> list[Deployment]:
    rows = app.store.deployments.latest(environment=environment.name, limit=MOST)
    return [row for row in rows if row.outcome is not None and not is_deployed(row)][:1]
