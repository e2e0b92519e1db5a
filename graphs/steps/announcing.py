"""Announcing: the report's own words, with a few of a model's before them where that is wanted."""

from __future__ import annotations

from agents.model import NoModel
from graphs.steps.crew import Crew
from orchestrate import reports
from orchestrate.errors import ModelFailed
from orchestrate.models.environment import Environment
from tools.executor import Errand


async def worded(crew: Crew, at: Errand, environment: Environment, title: str, text: str) -> str:
    """The text to announce; a draft that is missing or bad leaves it as it is."""
    announce = environment.announce
    if not announce.worded or isinstance(crew.announcer.model, NoModel):
        return text
    try:
        said = await crew.announcer.words(at.deployment, announce.audience, f"{title}\n\n{text}")
    except ModelFailed as failed:
        crew.event(at, "advice", f"it is announced in the report's own words: {failed}")
        return text
    return reports.worded(said, text)
