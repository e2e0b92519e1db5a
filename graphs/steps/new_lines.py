"""New lines: the kinds of log lines that the version before did not write, counted (V1)."""

from __future__ import annotations

from collections.abc import Sequence

from graphs.steps.crew import LOG_LINES
from orchestrate.errors import OrchestrateError
from orchestrate.models.abilities import Ability, abilities_of
from orchestrate.models.deployment import Told
from orchestrate.models.environment import Component
from orchestrate.strategies import SLOTS
from orchestrate.traces import new_kinds
from tools.place import Place
from tools.provider import Logs

MOST_NAMED = 5


async def new_lines(place: Place, component: Component, slot: str) -> Told:
    """How many kinds there are, and the most frequent; where nobody can count, why: that is not none."""
    if not abilities_of(component).does(Ability.LOGS):
        return _uncounted(component, f"the provider {component.provider} shows none")
    try:
        new = await place.logs.tail(component, slot, LOG_LINES)
        old = await _others(place.logs, component, slot)
    except (OrchestrateError, OSError) as problem:
        return _uncounted(component, str(problem))
    if not old:
        return _uncounted(component, "the version before left none to compare with")
    return _counted(component, new, old)


async def _others(logs: Logs, component: Component, slot: str) -> list[str]:
    return [line for other in SLOTS if other != slot for line in await logs.tail(component, other, LOG_LINES)]


def _counted(component: Component, new: Sequence[str], old: Sequence[str]) -> Told:
    kinds = new_kinds(new, old)
    most = "; ".join(f"{count} × {kind[:120]}" for kind, count in kinds.most_common(MOST_NAMED))
    text = f"{component.name}: {len(kinds)} kinds of log lines that the version before did not write"
    return Told(kind="new_lines", text=f"{text}: {most}" if most else text, data={"count": str(len(kinds))})


def _uncounted(component: Component, why: str) -> Told:
    text = f"{component.name}: new kinds of log lines are not counted: {why}"
    return Told(kind="new_lines", text=text, data={"count": ""})
