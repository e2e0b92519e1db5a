"""Resolving: a conflict goes to people with a proposal to review, where a model has one."""

from __future__ import annotations

from agents.model import NoModel
from graphs.steps.crew import Crew
from orchestrate import reports
from orchestrate.errors import ModelFailed, NotFound, OutcomeUnknown, OutsideFailed, Unreachable
from orchestrate.models.change import Change
from orchestrate.models.conflict import ResolveOrder
from orchestrate.models.deployment import Request
from tools.executor import Errand
from tools.resolving import Conflicts, resolving


async def resolution(crew: Crew, at: Errand, request: Request) -> None:
    """Propose a resolution on a branch of its own, and say once what came of it.

    Nobody is asked where there is no model. Raises what may still heal.
    """
    if request.change is None or crew.conflicts is None or isinstance(crew.resolver.model, NoModel):
        return
    try:
        change = await crew.forge.change(request.change)
        made, text = await _proposed(crew, crew.conflicts, at, change)
        crew.event(at, "resolution", f"change {made.id} proposes how to resolve it", change=made.id)
    except (ModelFailed, OutsideFailed, NotFound, OutcomeUnknown) as problem:
        if isinstance(problem, Unreachable | OutcomeUnknown) and crew.may_still_come(at):
            raise
        text = reports.unresolved(str(problem))
        crew.event(at, "resolution", f"no resolution is proposed: {problem}")
    await crew.voice.say(at, request.task, "resolution", text)


async def _proposed(crew: Crew, conflicts: Conflicts, at: Errand, change: Change) -> tuple[Change, str]:
    """The change to review, and the words about it."""
    conflict = await conflicts.conflict(change)
    said = await crew.resolver.propose(at.deployment, change, conflict)
    paths = [one.path for one in said.files]
    order = ResolveOrder(
        change=change.id,
        head=conflict.head,
        base=conflict.base,
        files=said.files,
        body=reports.resolution(change, said.summary, paths),
    )
    made = await crew.executor.do(resolving(conflicts), order, at)
    return made, reports.resolved(change, made, said.summary, paths)
