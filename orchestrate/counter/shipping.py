"""Shipping: what somebody wants deployed, accepted; production only where its name was said."""

from __future__ import annotations

from orchestrate.app import App
from orchestrate.chat import CALL, Ship
from orchestrate.counter.finding import environment_or_none, task_or_none
from orchestrate.counter.naming import environment_named, known_version
from orchestrate.counter.reads import shortened
from orchestrate.counter.reply import Reply
from orchestrate.errors import Refused, UnknownTask, UnknownVersion
from orchestrate.identity import Identity
from orchestrate.models.deployment import Deployment, Request
from orchestrate.models.environment import Channel, Environment, EnvironmentType
from orchestrate.models.task import Task
from orchestrate.outside import inline
from orchestrate.reports.markdown import code, page


async def request_of(app: App, ship: Ship, who: Identity) -> Request:
    """What is asked for. Raises NotAllowed, NotFound, and Refused where production was not named."""
    if who.channel is not Channel.CLI:  # there, whoever is nobody may deploy as well
        who.must_be_known()
    if ship.environment is not None:
        return await _named(app, ship.environment, ship.what, who)
    task = await task_or_none(app, ship.what)
    if task is None:
        raise _no_task(app, ship.what)
    _check_open(task)
    request = app.intake.request_of(task, who.name)
    if app.intake.environment(request.environment).type is EnvironmentType.PRODUCTION:
        raise Refused(
            f"{task.id} would go to {request.environment} next, and that must be said",
            cure=f"{CALL} {request.environment} {task.id}",
        )
    return request


async def _named(app: App, environment: str, what: str, who: Identity) -> Request:
    place = environment_named(app.settings, app.store, environment)
    asked = Request(environment=place.name, requested_by=who.name)
    task = await task_or_none(app, what)
    if task is None:
        return asked.model_copy(update={"version": (await known_version(app, what)).commit})
    _check_open(task)
    shipped = {"task": task.id, "change": task.change, "version": task.metadata.version}
    return asked.model_copy(update=shipped)


def _check_open(task: Task) -> None:
    if task.is_closed:
        raise Refused(
            f"task {task.id} is closed: {task.closed_reason}", cure="open it again, or file another"
        )


def _no_task(app: App, name: str) -> Refused | UnknownTask:
    place = environment_or_none(app, name)
    if place is not None:
        return Refused(
            f"{place.name} is an environment, and nothing was named that shall go there",
            cure=f"{CALL} {place.name} VERSION, or {CALL} {place.name} TASK",
        )
    unknown = UnknownTask(name)
    unknown.cure = f"a version needs its environment: {CALL} ENV {UnknownVersion.what.upper()}"
    return unknown


def accepted(app: App, request: Request) -> Reply:
    """The deployment that was taken on. Raises UnknownEnvironment, TaskClaimed."""
    row = app.intake.accept(request)
    return Reply(text=page(_taken_on(row), *_ahead(app, row)), deployment=row.id)


def _taken_on(row: Deployment) -> str:
    request = row.request
    what = code(request.task or shortened(request.version or "") or request.change or "")
    verb = "brings back" if request.rolls_back else "brings"
    return (
        f"Deployment {code(row.id)} {verb} {what} to {code(row.environment)}, asked for by "
        f"{inline(request.requested_by)}. It begins when a worker takes it: {code(f'{CALL} status {row.id}')}"
    )


def _ahead(app: App, row: Deployment) -> list[str]:
    said = [_asks(app.intake.environment(row.environment))] if not row.request.rolls_back else []
    then = ", ".join(code(name) for name in row.request.flow)
    return [*said, f"Then, each with gates and a plan of its own: {then}." if then else ""]


def _asks(environment: Environment) -> str:
    names = ", ".join(inline(name) for name in environment.approvers) or "nobody"
    return f"A person must approve its plan: {names}." if environment.asks_a_person else ""
