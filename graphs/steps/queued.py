"""Leaving a forge's merge queue: what is held, moved, cancelled or parked must not be merged by it."""

from __future__ import annotations

from dataclasses import replace

from graphs.steps.crew import Crew
from orchestrate.errors import NotFound, OrchestrateError, OutcomeUnknown, OutsideFailed, with_cure
from orchestrate.models.deployment import Stage
from orchestrate.models.plan import Plan
from tools.executor import Errand
from tools.merging import merging
from tools.queueing import LeaveOrder, leaving

CLOCKS = 60.0
"""Seconds by which the forge's clock may be before ours: what we took out ourselves was nobody else."""


async def leave_queue(crew: Crew, at: Errand, plan: Plan) -> OrchestrateError | None:
    """Take the plan's change out of the queue, where this deployment asked for its merge.

    What went wrong, after it was written into the story: then it may still be merged.
    """
    if crew.queue is None or plan.merge is None or not was_asked(crew, at, plan):
        return None
    try:
        order = LeaveOrder(change=plan.merge.change, plan=plan.hash)
        await crew.executor.do(leaving(crew.queue), order, at)
    except (OutsideFailed, NotFound, OutcomeUnknown) as problem:
        said = f"the merge queue may still merge change {plan.merge.change}: {with_cure(problem)}"
        crew.event(at, "still_queued", said)
        return problem
    return None


def was_asked(crew: Crew, at: Errand, plan: Plan) -> bool:
    """Whether this deployment asked the forge for the plan's merge."""
    return _asked_at(crew, at, plan) is not None


def _asked_at(crew: Crew, at: Errand, plan: Plan) -> float | None:
    """When it first did (epoch seconds)."""
    merge = replace(at, stage=Stage.MERGE, plan_hash=plan.hash)
    return crew.executor.meant_at(merging(crew.forge), plan.merge, merge) if plan.merge else None


async def taken_out(crew: Crew, at: Errand, plan: Plan) -> str:
    """Why the forge's queue does not merge the change any more that this deployment put there; or ''.

    A group whose checks failed, or a person: it is not put there again without being asked to.
    """
    if crew.queue is None or plan.merge is None or (asked := _asked_at(crew, at, plan)) is None:
        return ""
    leaving_ours = leaving(crew.queue).name
    left = [
        one.done_at + CLOCKS
        for one in crew.store.effects.of(at.deployment)
        if one.name == leaving_ours and one.done_at is not None
    ]
    return await crew.queue.dropped(plan.merge.change, max([asked, *left]))


async def called_off(crew: Crew, at: Errand, plan: Plan) -> str:
    """Who says, while the change waits in the queue, that it shall not be merged; or ''.

    The approval was used when it was put there; whoever objects since then is heard all the same.
    """
    if crew.queue is None or not was_asked(crew, at, plan):
        return ""
    asked = (one for one in crew.store.questions.for_deployment(at.deployment) if one.asks_approval)
    question = next((one for one in asked if one.plan_hash == plan.hash and one.consumed_at), None)
    return await crew.hearing.objection(question) if question is not None else ""
