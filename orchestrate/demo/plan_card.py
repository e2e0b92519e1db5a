"""The plan card: what a person has to see of a plan before saying yes, on one screen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrate.demo.story import move_words
from orchestrate.models.move import Analyse, Irreversible, SetTraffic
from orchestrate.models.plan import Plan
from orchestrate.reports.markdown import duration, percent

FITS = {"ok": "the version before can live with it"}
_ASIDE = re.compile(r" \([^()]*\)")


def card(plan: Plan, label: str) -> RenderableType:
    """Everything that decides, short; the whole plan is a command away."""
    asks = f"{label} asks: may {plan.service} {plan.version.name} go to {plan.environment}?"
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, text in _facts(plan):
        table.add_row(name, text)
    return Group(Text(), Text(asks, style="bold"), table)


def _facts(plan: Plan) -> Iterator[tuple[str, RenderableType]]:
    reasons = "; ".join(_ASIDE.sub("", one) for one in plan.risk_reasons)
    yield "risk", f"{plan.risk}: {reasons}"
    for one in plan.ships:
        before = one.from_version.name if one.from_version else "nothing"
        yield "ships", f"{one.component} from {before} to {one.to_version.name}, {one.strategy}"
    for file in plan.migrations:
        why = "; ".join(file.reasons) or FITS.get(file.verdict, file.verdict)
        yield "migration", f"{file.path}: {why}"
    yield "moves", _moves(plan)
    yield "way back", f"{_undos(plan)}; takes about {duration(plan.rollback_seconds)}"
    yield "goes back", f"by itself, when {_triggers(plan)}"
    yield "in full", f"orchestrate deploy plan {plan.deployment}, in the demo's folder"


def _moves(plan: Plan) -> Table:
    """The moves, numbered as in the plan; a share and the look at it are one line."""
    table, index = Table.grid(padding=(0, 1)), 0
    table.add_column(justify="right", no_wrap=True, style="dim")
    while index < len(plan.moves):
        move = plan.moves[index].move
        following = plan.moves[index + 1].move if index + 1 < len(plan.moves) else None
        said, number = move_words(move, plan), f"{index + 1}"
        if isinstance(move, SetTraffic) and isinstance(following, Analyse) and not following.final:
            said, number = f"{said}; watched for {following.seconds} s", f"{index + 1}–{index + 2}"
            index += 1
        table.add_row(number, said)
        index += 1
    return table


def _undos(plan: Plan) -> str:
    undos = [step for step in plan.moves if not isinstance(step.undo, Irreversible)]
    kept = ", and the migration stays" if plan.has_migrations else ""
    return f"{len(undos)} of {len(plan.moves)} moves have an undo, the newest is undone first{kept}"


def _triggers(plan: Plan) -> str:
    one = plan.triggers
    compared = ", or it does worse than the old version" if one.comparison else ""
    return (
        f"errors exceed {percent(one.error_rate)} or p99 {one.response_time_p99} ms for {one.window} s, "
        f"{one.health_check_failures} health checks fail{compared}"
    )
