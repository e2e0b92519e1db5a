"""Stop a deployment that has changed nothing yet."""

from __future__ import annotations

import asyncio

import typer

from graphs.steps.queued import leave_queue
from orchestrate.app import App
from orchestrate.cli import options
from orchestrate.cli.glance import summary
from orchestrate.cli.identity import identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, scene_of
from orchestrate.errors import Refused
from orchestrate.models.change import ChangeState
from orchestrate.models.deployment import Deployment, Lease, Outcome, Stage, Status
from tools.executor import Errand
from tools.voice import Manner

HARMLESS = frozenset(
    {
        None,
        Stage.PICK_UP,
        Stage.GATES,
        Stage.WAIT_FOR_CHECKS,
        Stage.PLAN,
        Stage.APPROVAL,
        Stage.REMIND,
        Stage.QUEUE,
        Stage.WAIT_FOR_TURN,
    }
)
"""Where nothing outside has been changed yet; a change that waits in a merge queue is taken out of it."""

LEASE_SECONDS = 30.0


def cancel(ctx: typer.Context, deployment: options.Deployment, as_json: AsJson = False) -> None:
    """Stop a deployment that has changed nothing yet; its question is closed, its task is put on hold."""
    out = Output(as_json)
    row = asyncio.run(_cancel(scene_of(ctx), deployment))
    out.result({"deployment": dict(summary(row))})
    out.say(f"deployment {row.id} is {row.outcome}: {row.reason}")


async def _cancel(scene: Scene, deployment: str) -> Deployment:
    async with scene.app() as app:
        row = app.store.deployments.deployment(deployment)
        check_cancellable(row, may_be_queued=app.crew.queue is not None)
        lease = app.store.leases.take(row.id, app.runner.worker, LEASE_SECONDS)
        if lease is None:
            raise Refused(
                f"a worker drives deployment {row.id} just now",
                cure="try again when it waits, or hold its question",
            )
        try:
            return await ended(app, lease, f"cancelled by {identity(app.settings).name}")
        finally:
            app.store.leases.release(lease)


def check_cancellable(row: Deployment, *, may_be_queued: bool = False) -> None:
    """Raises Refused, with what can be done instead."""
    if row.status is Status.FINISHED:
        raise Refused(f"deployment {row.id} has ended: {row.outcome}")
    if row.stage not in HARMLESS and not (may_be_queued and row.stage is Stage.MERGE):
        raise Refused(
            f"deployment {row.id} is at {row.stage} and has changed things already",
            cure=f"take it back with: orchestrate deploy rollback {row.id}",
        )


async def ended(app: App, lease: Lease, why: str) -> Deployment:
    """The last word, under a lease of our own: look once more, tell the thread, end, forget the position."""
    row = app.store.deployments.deployment(lease.deployment)
    check_cancellable(row, may_be_queued=app.crew.queue is not None)
    at = Errand(deployment=row.id, stage=row.stage or Stage.PICK_UP, lease=lease)
    if row.stage is Stage.MERGE:
        await _left(app, at)
    voice = app.crew.voice.in_manner(Manner.PARTING)
    await voice.say(at, row.request.task, "cancelled", f"Deployment {row.id} was {why}.")
    await voice.move(at, row.request.task, app.crew.statuses.held)
    app.store.deployments.finish(lease, Outcome.CANCELLED, why)
    await app.runner.saver.adelete_thread(row.id)
    app.store.prune(row.id)
    return app.store.deployments.deployment(row.id)


async def _left(app: App, at: Errand) -> None:
    """Nothing merges it any more. Raises Refused where that is not so, or it is merged already."""
    plan = app.store.plans.of(at.deployment)
    problem = await leave_queue(app.crew, at, plan)
    if problem is not None:
        raise Refused(
            f"the merge queue still has it: {problem}", cure="try again, or take it out on the forge"
        )
    if plan.merge and (await app.forge.change(plan.merge.change)).state is ChangeState.MERGED:
        raise Refused(
            f"change {plan.merge.change} is merged already",
            cure=f"hold deployment {at.deployment} when it asks, or take it back once it is through",
        )
