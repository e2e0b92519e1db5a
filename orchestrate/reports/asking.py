"""Questions for people: approval, the decision about a half-way release, and the reminder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrate.models.environment import Environment
from orchestrate.models.gate import GateResult
from orchestrate.models.plan import Plan
from orchestrate.models.question import Question
from orchestrate.models.windows import Window
from orchestrate.outside import inline, line
from orchestrate.reports.approval import persons, shortage
from orchestrate.reports.gates import gates_table
from orchestrate.reports.markdown import bullets, code, duration, instant, mention, page, section
from orchestrate.reports.plan import RISKS, plan_page


def approval_request(
    plan: Plan,
    question: Question,
    environment: Environment,
    gates: Iterable[GateResult] = (),
    again: str = "",
    seen: Iterable[str] = (),
) -> str:
    """What an approver needs to see before saying yes (P3); the plan follows in full.

    `again`: why an approval of the same plan before this one does not count. `seen`: what the watches could
    see with the traffic of now.
    """
    return page(
        f"**Asked again**, because the approval before does not count: {inline(again)}." if again else "",
        f"{_approvers(environment)}: **may {code(plan.service)} {code(plan.version.name)} go to "
        f"{code(plan.environment)}?** Risk {RISKS[plan.risk]}; back within about "
        f"{duration(plan.rollback_seconds)}; window: {_window(environment.window)}.",
        shortage(plan.approval),
        _how(question, *APPROVAL),
        section("Gates", gates_table(gates)),
        foresight(seen),
        plan_page(plan),
    )


APPROVAL = ("Approved", "Hold")
ASKED: Mapping[str, tuple[str, tuple[str, str]]] = {
    "approval": ("may it go on?", APPROVAL),
    "go_on": (
        "nobody can tell whether this release is good: go on, or go back?",
        ("Approved", "Roll back"),
    ),
    "rollback": ("this release did badly: shall it be rolled back?", ("Roll back", "Hold")),
}
"""What is asked, by the beginning of a question's `gate_kind`, and its two answers."""

COMMANDS: Mapping[str, str] = {"Approved": "approve", "Hold": "hold", "Roll back": "rollback"}


def foresight(seen: Iterable[str]) -> str:
    """What the watches of a plan could see, beside the plan; '' where there is nothing to say."""
    lines = bullets(inline(one, 400) for one in seen)
    outside = "As measured when this was planned: no part of the plan, nor of its hash."
    return section("What a watch would see", f"{outside}\n{lines}" if lines else "")


def decision_request(asking: str, question: Question, why: str, environment: Environment) -> str:
    """A question about a release that is half-way, with what led to it."""
    said, answers = ASKED.get(asking, ASKED["approval"])
    return page(
        f"{_approvers(environment)}: **{code(environment.name)}: {said}**",
        inline(why, 1000),
        _how(question, *answers),
    )


def reminder(question: Question, approvers: Iterable[str]) -> str:
    """Once more, before the question expires."""
    whom = " ".join(mention(name) for name in approvers) or "Whoever may approve"
    _, answers = ASKED.get(question.gate_kind.partition("/")[0], ASKED["approval"])
    return page(
        f"{whom}: question {code(question.id)} of deployment {code(question.deployment)} still waits.",
        _how(question, *answers),
    )


def rollback_task(deployment: str, environment: str, why: str, question: str) -> tuple[str, str]:
    """Title and description of the task that one approval starts (R1)."""
    text = page(
        f"Deployment {code(deployment)} did badly, and rollback is not automatic here.",
        inline(why, 1000),
        f"Start it: {code(f'Roll back {question}')} on the task's thread, or "
        f"{code(f'orchestrate deploy rollback {deployment}')}.",
    )
    return line(f"Roll back {environment}: {why}", 140), text


def _how(question: Question, yes: str, no: str) -> str:
    answers = f"{code(f'{yes} {question.id}')} or {code(f'{no} {question.id}')}"
    commands = [code(f"orchestrate deploy {COMMANDS[said]} {question.deployment}") for said in (yes, no)]
    several = f"{persons(question.needed).capitalize()} must approve. " if question.needed > 1 else ""
    return (
        f"{several}Answer on this thread with nothing but {answers}, or run {' or '.join(commands)}. "
        f"It holds for plan {code(question.plan_hash[:12])} only, and expires {instant(question.expires)}."
    )


def _approvers(environment: Environment) -> str:
    return " ".join(mention(name) for name in environment.approvers) or "Nobody is configured to approve"


def _window(window: Window | None) -> str:
    if window is None:
        return "always open"
    return inline(f"{', '.join(window.days)} {window.start}–{window.end} {window.zone}")
