"""Telling: people hear of it as soon as they can be told, and what happens to a release waits for no ear."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from graphs.patience import ENDS, fruitless, may_still_come, most_tries
from graphs.steps.crew import WHOLE_STORY, Crew
from orchestrate.errors import (
    AccessDenied,
    NotFound,
    OrchestrateError,
    OutcomeUnknown,
    OutsideFailed,
    with_cure,
)
from tools.executor import Errand

T = TypeVar("T")


async def told(crew: Crew, at: Errand, telling: Awaitable[T]) -> T | None:
    """What came of telling it. Who is silent is waited for: at the end for a day, before that for minutes.

    After that the story says what nobody was told, and the deployment goes on. Raises what may still heal.
    """
    try:
        return await telling
    except (OutsideFailed, OutcomeUnknown, NotFound) as problem:
        if _may_heal(crew, at, problem):
            raise
        crew.event(at, "not_told", with_cure(problem))
        return None


def _may_heal(crew: Crew, at: Errand, problem: OrchestrateError) -> bool:
    if isinstance(problem, NotFound):
        return False
    story = crew.store.events.of(at.deployment, limit=WHOLE_STORY)
    if at.stage in ENDS:
        return len(fruitless(story, at.stage)) < most_tries(at.stage)
    return not isinstance(problem, AccessDenied) and may_still_come(story, at.stage, crew.store.clock())
