"""Spells: work that a worker does once: what is ready now, or one task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from orchestrate.app import App
from orchestrate.cli.happenings import happened
from orchestrate.cli.output import Output
from orchestrate.errors import Refused, TaskClaimed
from orchestrate.models.deployment import Deployment, Request, Status
from orchestrate.models.environment import Strategy
from orchestrate.settings import variable
from orchestrate.store import Store
from orchestrate.worker import Serving

FOR_PEOPLE = frozenset({"approval", "checks", "effects"})
"""Waits that only people or machines elsewhere can end."""

LATEST = 200


async def what_is_ready(app: App, out: Output, stop: asyncio.Event) -> None:
    """Claim what is ready, and drive everything until it has ended or waits for people."""
    await app.unblocking.look()
    for row in await app.intake.claim(app.runner.worker):
        happened(out, f"claimed {row.request.task} as deployment {row.id}")
    await _until(app, lambda: all(is_at_rest(row) for row in unfinished(app.store)), stop)


async def one_task(app: App, out: Output, task: str, stop: asyncio.Event, *, waits: bool) -> Deployment:
    """Drive a task's way through its environments to its end; without `waits`, until people must act."""
    accepted = await _claimed(app, task)
    happened(out, f"{task} is deployment {accepted}")

    def is_over() -> bool:
        under_way = [row for row in _of_task(app.store, task) if row.status is not Status.FINISHED]
        return not under_way or (not waits and all(is_at_rest(row) for row in under_way))

    await _until(app, is_over, stop)
    return _of_task(app.store, task)[0]


def is_at_rest(row: Deployment) -> bool:
    """Whether it has ended, or waits for what no worker can bring about."""
    if row.status is Status.FINISHED:
        return True
    is_due = row.wake_at is not None and row.wake_at == 0
    return row.status is Status.WAITING and not is_due and _kind(row) in FOR_PEOPLE


def unfinished(store: Store) -> list[Deployment]:
    """Every deployment that has not ended."""
    going = [status for status in Status if status is not Status.FINISHED]
    return [row for status in going for row in store.deployments.latest(status=status, limit=LATEST)]


def _kind(row: Deployment) -> str:
    return row.waits_for.kind if row.waits_for else ""


def _of_task(store: Store, task: str) -> tuple[Deployment, ...]:
    return store.deployments.latest(task=task, limit=10)


async def _until(app: App, is_over: Callable[[], bool], stop: asyncio.Event) -> None:
    await Serving(app=app, claims=False, is_over=is_over).serve(stop)


async def _claimed(app: App, id: str) -> str:
    task = await app.tracker.task(id)
    if task.is_closed:
        raise Refused(f"task {id} is closed: {task.closed_reason}")
    request = app.intake.request_of(task, f"worker {app.runner.worker}")
    try:
        return app.intake.accept(_with_variables(request)).id
    except TaskClaimed as claimed:
        return claimed.deployment


def _with_variables(request: Request) -> Request:
    """What the task does not say is taken from VERSION and DEPLOYMENT_STRATEGY (Q6)."""
    strategy = variable("DEPLOYMENT_STRATEGY")
    return request.model_copy(
        update={
            "version": request.version or (None if request.change else variable("VERSION")),
            "strategy": request.strategy or (Strategy(strategy) if strategy in {*Strategy} else None),
        }
    )
