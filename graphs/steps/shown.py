"""Showing how far a deployment is, where its change is discussed; nothing waits for that."""

from __future__ import annotations

from graphs.state import State
from graphs.steps.crew import Crew
from orchestrate.errors import NotFound, OutcomeUnknown, OutsideFailed, with_cure
from orchestrate.models.environment import EnvironmentType
from tools.executor import Errand
from tools.showing import Shown, Standing, showing


async def show(crew: Crew, at: Errand, state: State, standing: Standing, text: str = "") -> None:
    """Show it, where there is a showcase and a plan; what cannot be shown stands in the story."""
    if crew.showcase is None or "plan" not in state:
        return
    plan, environment = crew.plan(state), crew.place(state).environment
    shown = Shown(
        deployment=at.deployment,
        environment=environment.name,
        is_production=environment.type is EnvironmentType.PRODUCTION,
        commit=plan.head or plan.version.commit,
        change=plan.change or "",
        standing=standing,
        text=text,
        url=environment.url,
    )
    try:
        await crew.executor.do(showing(crew.showcase), shown, at)
    except (OutsideFailed, OutcomeUnknown, NotFound) as problem:
        crew.event(at, "not_shown", with_cure(problem))
