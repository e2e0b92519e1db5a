"""Cards: what a chat shows of a deployment, and of a question with its two buttons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrate.app import App
from orchestrate.counter.reads import told
from orchestrate.models.deployment import DecisionKind, Deployment, Event, Outcome, Stage
from orchestrate.models.environment import Channel, Environment
from orchestrate.models.plan import Plan, Shipped
from orchestrate.models.question import Question
from orchestrate.outside import inline
from orchestrate.reports.asking import ASKED, foresight
from orchestrate.reports.markdown import bullets, code, duration, instant, page
from orchestrate.reports.plan import RISKS
from tools.chat import Buttons, Message

KINDS: Mapping[str, DecisionKind] = {
    "Approved": DecisionKind.APPROVED,
    "Hold": DecisionKind.HOLD,
    "Roll back": DecisionKind.ROLL_BACK,
}
SIGNS: Mapping[bool, str] = {True: "✅", False: "⛔"}
EVENTS = 5
"""So many lines of its story are shown."""


def deployment_card(app: App, row: Deployment) -> Message:
    """How it does: where it is, the stages that are behind it, and the newest lines of its story."""
    story = app.store.events.of(row.id, limit=100_000)
    sign = SIGNS[row.outcome is Outcome.DEPLOYED] if row.outcome else "🚚"
    lines = [one for one in story if one.kind != "stage"][-EVENTS:]
    text = page(f"{sign} {told(row)}", _way(story), bullets(inline(one.text) for one in lines))
    return Message(marker=f"deployment/{row.id}", text=text)


def _way(story: tuple[Event, ...]) -> str:
    """The stages that it went through, each once, in order; to judge is what a watch is for."""
    stages = (one.stage for one in story if one.kind == "stage" and one.stage)
    seen = dict.fromkeys(Stage.WATCH if stage is Stage.JUDGE else stage for stage in stages)
    return " → ".join(stage.value.replace("_", " ") for stage in seen)


def question_card(app: App, question: Question) -> Message:
    """What is asked, with the facts; two buttons while it is open, and then what came of it."""
    plan = app.store.plans.plan(question.plan_hash) if question.plan_hash else None
    said, answers = ASKED.get(question.gate_kind.partition("/")[0], ASKED["approval"])
    head = f"**{said.capitalize()}** Question {code(question.id)} of deployment {code(question.deployment)}."
    environment = app.intake.environment(plan.environment) if plan else None
    facts = bullets(_facts(plan, environment)) if plan and environment else ""
    seen = app.store.events.foreseen(question.deployment, question.plan_hash)
    shown = foresight(seen) if question.asks_approval else ""
    is_open = question.is_open
    return Message(
        marker=f"question/{question.id}",
        text=page(head, facts, shown, _open(question) if is_open else _answered(question)),
        buttons=_buttons(question, answers) if is_open else None,
        calls=_calls(app, environment) if is_open and environment else (),
    )


def _buttons(question: Question, answers: tuple[str, str]) -> Buttons:
    yes, no = ((one, KINDS[one].value) for one in answers)
    return Buttons(question=question.id, plan_hash=question.plan_hash, yes=yes, no=no)


def _facts(plan: Plan, environment: Environment) -> Iterator[str]:
    """What an approver needs to see before saying yes (row P3)."""
    change = f", change {code(plan.change)}" if plan.change else ""
    yield f"{code(plan.service)} {code(plan.version.name)} to {code(plan.environment)}{change}"
    reasons = "; ".join(inline(one) for one in plan.risk_reasons)
    yield f"risk {RISKS[plan.risk]}{f': {reasons}' if reasons else ''}"
    yield from (_ships(one) for one in plan.ships)
    yield f"gates: {'; '.join(inline(one) for one in plan.checks) or 'none'}"
    yield f"back within about {duration(plan.rollback_seconds)}"
    yield f"watched for {duration(plan.monitoring.period)}, every {duration(plan.monitoring.sample)}"
    window = environment.window
    hours = (
        inline(f"{', '.join(window.days)} {window.start}–{window.end} {window.zone}") if window else "always"
    )
    yield f"window: {hours}"
    yield f"all of it: {code(f'orchestrate deploy plan {plan.deployment}')}"


def _ships(part: Shipped) -> str:
    before = code(part.from_version.name) if part.from_version else "nothing"
    return f"{code(part.component)}: {before} → {code(part.to_version.name)}, {part.strategy}"


def _open(question: Question) -> str:
    share = f"{len(question.approved_by)} of {question.needed} approved. " if question.needed > 1 else ""
    return (
        f"{share}Press a button, or answer in this thread with nothing but a word. It holds for plan "
        f"{code(question.plan_hash[:12])} only, and expires {instant(question.expires)}."
    )


def _answered(question: Question) -> str:
    said = question.decision
    if said is None:
        return f"⏹ Closed: {inline(question.closed or 'answered')}."
    by = ", ".join(inline(name) for name in question.approved_by) or inline(said.by)
    sign = SIGNS[said.kind is DecisionKind.APPROVED]
    why = f" — {inline(question.closed)}" if question.closed else ""
    return f"{sign} {said.kind.replace('_', ' ')} by {by} ({said.channel}){why}."


def _calls(app: App, environment: Environment) -> tuple[str, ...]:
    people = {one.name: one for one in app.settings.people}
    known = (people[name] for name in environment.approvers if name in people)
    return tuple(one.identities[Channel.SLACK] for one in known if Channel.SLACK in one.identities)
