"""Finding: the task, the deployments or the environment that somebody names in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.app import App
from orchestrate.counter.naming import environment_named, environments
from orchestrate.errors import NotFound, OrchestrateError, UnknownDeployment, UnknownEnvironment
from orchestrate.models.deployment import Deployment, Outcome, Status
from orchestrate.models.environment import Environment
from orchestrate.models.task import Task

MOST = 200


def under_way(app: App) -> list[Deployment]:
    """Everything that has not ended, newest first."""
    alive = (status for status in Status if status is not Status.FINISHED)
    rows = (row for status in alive for row in app.store.deployments.latest(status=status, limit=MOST))
    return sorted(rows, key=lambda row: row.id, reverse=True)


def deployments_of(app: App, name: str) -> Sequence[Deployment]:
    """The deployments of a task, newest first, or the one of this id. Raises UnknownDeployment."""
    found = app.store.deployments.latest(task=name, limit=MOST)
    try:
        return found or (app.store.deployments.deployment(name),)
    except NotFound:
        raise UnknownDeployment(name, [row.id for row in under_way(app)][:5]) from None


async def called(app: App, name: str) -> str:
    """What a task, of which trackers know several names, is called in the store; else `name` itself.

    What the store knows is asked of nobody. Raises what the tracker raises when it cannot be asked.
    """
    try:
        deployments_of(app, name)
    except UnknownDeployment:
        task = await task_or_none(app, name)
        return task.id if task else name
    return name


def is_deployed(row: Deployment) -> bool:
    """Whether it brought its version there."""
    return row.outcome is Outcome.DEPLOYED


def is_newest_there(app: App, row: Deployment) -> bool:
    """Whether nothing was deployed to its environment after it."""
    newest = app.store.deployments.latest(
        environment=row.environment, service=row.service, outcome=Outcome.DEPLOYED, limit=1
    )
    return bool(newest) and newest[0].id == row.id


def environment_or_none(app: App, name: str) -> Environment | None:
    """The environment of this name, if there is one."""
    try:
        return environment_named(app.settings, app.store, name)
    except UnknownEnvironment:
        return None


async def task_or_none(app: App, name: str) -> Task | None:
    """The task of this id, if there is one. Raises what the tracker raises when it cannot be asked."""
    try:
        return await app.intake.tasks.task(name)
    except NotFound:
        return None


def places(app: App, words: Sequence[str] = ()) -> list[Environment]:
    """The environments that are named among the words, or all of them."""
    known = [one for one, _ in environments(app.settings, app.store).values()]
    spoken = {one.name for word in words if (one := environment_or_none(app, word))}
    return [one for one in known if one.name in spoken] or known


def why(problem: OrchestrateError) -> str:
    """What kept us from looking, in one line."""
    return " ".join(str(problem).split())
