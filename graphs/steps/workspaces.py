"""A task's workspace: bound to the deployment that may destroy it, and destroyed once that is through."""

from __future__ import annotations

import asyncio

from graphs.steps.crew import Crew
from graphs.steps.telling import answered
from orchestrate.errors import NotFound, OutcomeUnknown, OutsideFailed
from orchestrate.models.deployment import Status
from tools.destroying import DestroyOrder, destroying
from tools.executor import Errand
from tools.voice import Voice
from tools.workspace import bind


async def bind_workspace(crew: Crew, task: str | None, at: Errand) -> None:
    """From now on only this deployment may destroy the task's workspace; the story says if it may not."""

    def is_over(deployment: str) -> bool:
        try:
            return crew.store.deployments.deployment(deployment).status is Status.FINISHED
        except NotFound:
            return True

    folder = await answered(_folder(crew, task))
    problem = folder and await asyncio.to_thread(bind, crew.workspaces, folder, at.deployment, is_over)
    if problem:
        crew.event(at, "workspace_kept", f"its workspace will be left: {problem}")


async def destroy_workspace(crew: Crew, voice: Voice, task: str | None, at: Errand) -> None:
    """Remove the task's workspace; one that must stay is told to people, and holds nothing up."""
    folder = await _folder(crew, task)
    if not folder:
        return
    order = DestroyOrder(workspace=folder)
    try:
        said = await crew.executor.do(destroying(crew.workspaces, at.deployment), order, at)
        crew.event(at, "workspace", str(said))
    except (OutsideFailed, OutcomeUnknown) as problem:
        crew.event(at, "workspace_kept", str(problem))
        title = f"The workspace of {task} was not removed"
        await voice.announce(at, "workspace", title, f"{problem}\n\nLook at it, and remove it by hand.")


async def _folder(crew: Crew, task: str | None) -> str | None:
    return (await crew.survey.tasks.task(task)).workspace if task else None
