"""Advice: what models are asked before anything changes, where nobody can tell, and after it went back."""

from __future__ import annotations

from collections.abc import AsyncIterator

from agents.condensed import condensed
from agents.deployer import Opinion, with_opinion
from agents.migration_reviewer import Script, batches
from agents.situation import Situation
from graphs.state import State
from graphs.steps.crew import Crew
from orchestrate.errors import ModelFailed, NotFound, OutsideFailed
from orchestrate.gates import findings
from orchestrate.models.change import Version
from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import Finding
from orchestrate.models.plan import Plan
from orchestrate.models.sample import Judgement
from orchestrate.models.watch import Watch
from tools.executor import Errand
from tools.migrations import pending
from tools.place import Place

ADVICE = "advice"
"""How the story calls a line about it."""


async def reviewed(crew: Crew, at: Errand, evidence: Evidence) -> Evidence:
    """The evidence with what a reviewer objects to in migrations that the linter lets pass.

    A text is looked at once, and not while something else stands in the way. A reviewer that fails leaves the
    linter's word; a text that is too long to be shown is told of.
    """
    version = evidence.version
    if version is None or not evidence.verdicts or not crew.has_model:
        return evidence
    if any(one.finding is not Finding.PASS for one in findings(evidence)):
        return evidence
    place = crew.places(evidence.environment.name)
    try:
        async for dialect, scripts in _unread(crew, place, version):
            for long in (one for one in scripts if one.is_too_long):
                crew.event(at, ADVICE, long.unread)
            for batch in batches(scripts):
                crew.store.objections.add(await crew.reviewer.review(at.deployment, dialect, batch))
    except ModelFailed as failed:
        crew.event(at, ADVICE, f"nobody but the linter looked at the migrations: {failed}")
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


async def advised(crew: Crew, situation: Situation, plan: Plan) -> tuple[Plan, Opinion | None]:
    """The plan with what nobody read and what the deployer thinks of it, and a doubt that a person must see.

    Without a model, and for a plan in which nothing is remarkable, it is the plan as it was.
    """
    if not crew.has_model or not crew.deployer.is_worth_asking(situation, plan):
        return plan, None
    plan = plan.model_copy(update={"risk_reasons": (*plan.risk_reasons, *await _too_long(crew, plan))})
    said = await crew.deployer.about(plan, "nothing has begun: the plan is made", "nothing was logged yet")
    if said is None:
        return plan, None
    return with_opinion(plan, said), said if said.is_doubt else None


async def _too_long(crew: Crew, plan: Plan) -> list[str]:
    if not plan.has_migrations:
        return []
    unread = _unread(crew, crew.places(plan.environment), plan.version)
    return [one.unread async for _, scripts in unread for one in scripts if one.is_too_long]


async def second_opinion(
    crew: Crew, state: State, at: Errand, watch: Watch, judgement: Judgement
) -> Opinion | None:
    """What the deployer would do where the numbers cannot tell; None where it is silent, or would go on."""
    if not crew.has_model:
        return None
    component = crew.place(state).component(watch.component)
    new = await crew.lines(state, component, watch.slot)
    old = await crew.lines(state, component, watch.baseline) if watch.baseline else ()
    numbers = [f"{name}: {value:g}" for name, value in sorted(judgement.numbers.items())]
    where = f"{watch.component} in {watch.slot} has {watch.share} % of the traffic"
    facts = "\n".join((f"{at.stage}: {where}; {judgement.verdict}: {judgement.sentence}", *numbers))
    said = await crew.deployer.about(crew.plan(state), facts, condensed(new, old))
    if said is not None:
        crew.event(at, ADVICE, said.words)
    return said


async def touched(crew: Crew, plan: Plan) -> tuple[str, ...]:
    """The files of the plan's change, for whoever looks for a cause; none where nobody is asked or tells."""
    if plan.change is None or not crew.has_model:
        return ()
    try:
        return tuple(one.path for one in await crew.source.files(await crew.forge.change(plan.change)))
    except (NotFound, OutsideFailed):
        return ()
