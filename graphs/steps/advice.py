"""Advice: what models are asked beside the plan, before anything changes and after it went back."""

from __future__ import annotations

from collections.abc import AsyncIterator

from agents.migration_reviewer import Script
from agents.model import NoModel
from graphs.steps.crew import Crew
from orchestrate.errors import ModelFailed, NotFound, OutsideFailed
from orchestrate.gates import findings
from orchestrate.models.change import Version
from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import Finding
from orchestrate.models.plan import Plan
from tools.executor import Errand
from tools.migrations import pending
from tools.place import Place


async def reviewed(crew: Crew, at: Errand, evidence: Evidence) -> Evidence:
    """The evidence with what a reviewer objects to in migrations that the linter lets pass.

    A text is looked at once, and not while something else stands in the way. A reviewer that fails leaves the
    linter's word.
    """
    version = evidence.version
    if version is None or not evidence.verdicts or isinstance(crew.reviewer.model, NoModel):
        return evidence
    if any(one.finding is not Finding.PASS for one in findings(evidence)):
        return evidence
    place = crew.places(evidence.environment.name)
    try:
        async for dialect, scripts in _unread(crew, place, version):
            crew.store.objections.add(await crew.reviewer.review(at.deployment, dialect, scripts))
    except ModelFailed as failed:
        crew.event(at, "advice", f"nobody but the linter looked at the migrations: {failed}")
    return evidence.model_copy(update={"verdicts": await crew.survey.verdicts(place, version)})


async def _unread(crew: Crew, place: Place, version: Version) -> AsyncIterator[tuple[str, list[Script]]]:
    """Dialect and texts of each component's pending migrations that nobody has looked at."""
    for component in place.environment.components:
        if component.database is None or component.name not in place.targets:
            continue
        dialect = component.database.dialect
        found = await pending(crew.source, version, component, place.targets[component.name])
        scripts = [
            Script(one.verdict, one.text)
            for one in found
            if one.text is not None and crew.store.objections.of(one.sha256, dialect) is None
        ]
        if scripts:
            yield dialect, scripts


async def touched(crew: Crew, plan: Plan) -> tuple[str, ...]:
    """The files of the plan's change, for whoever looks for a cause; none where nobody is asked or tells."""
    if plan.change is None or isinstance(crew.triager.model, NoModel):
        return ()
    try:
        return tuple(one.path for one in await crew.source.files(await crew.forge.change(plan.change)))
    except (NotFound, OutsideFailed):
        return ()
