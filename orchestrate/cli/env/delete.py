"""Forget an environment that was created here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Annotated

import typer

from orchestrate.app import App
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, scene_of
from orchestrate.counter.naming import environment_named
from orchestrate.errors import EnvironmentBusy, Refused
from orchestrate.models.deployment import Status
from orchestrate.models.move import SetTraffic, Stop
from orchestrate.models.runtime import Running, Slot
from tools.place import Place

Name = Annotated[str, typer.Argument(metavar="NAME", help="Which environment.")]
Stopping = Annotated[bool, typer.Option("--stop", help="Stop what runs there first.")]


def delete(ctx: typer.Context, name: Name, stop: Stopping = False, as_json: AsJson = False) -> None:
    """Forget an environment. Refused while something runs there, unless --stop is given."""
    deleted = asyncio.run(_delete(scene_of(ctx), name, stop=stop))
    out = Output(as_json)
    out.result({"deleted": deleted})
    out.say(f"{deleted} is forgotten")


async def _delete(scene: Scene, name: str, *, stop: bool) -> str:
    async with scene.app() as app:
        environment = environment_named(app.settings, app.store, name)
        if environment.name in app.settings.environments:
            raise Refused(f"{environment.name} is in {app.settings.path}", cure="take it out there")
        _check_idle(app, environment.name)
        place = app.crew.places(environment.name)
        for running in (await place.running()).values():
            await _stopped(place, running, stop=stop)
        app.store.environments.delete(environment.name)
        return environment.name


def _check_idle(app: App, environment: str) -> None:
    for status in Status:
        rows = app.store.deployments.latest(environment=environment, status=status, limit=1)
        if status is not Status.FINISHED and rows:
            raise EnvironmentBusy(environment, rows[0].id)


async def _stopped(place: Place, running: Running, *, stop: bool) -> None:
    part = place.component(running.component)
    if running.unknown:
        names = _names(running.unknown, part.name)
        said = f"{names} of {place.environment.name} should run, and nobody knows which version"
        raise Refused(said, cure="see what runs there and stop it, then forget the environment")
    slots = [slot for slot in running.slots if slot.version is not None and slot.wanted > 0]
    if slots and not stop:
        names = _names(slots, part.name)
        raise Refused(f"{place.environment.name} still runs {names}", cure="stop it too, with --stop")
    if slots and part.port:
        taken = SetTraffic(component=part.name, was=running.weights, weights={})
        await place.provider.apply(part, taken, _unheard)
    for slot in slots:
        assert slot.version is not None
        move = Stop(component=part.name, slot=slot.name, version=slot.version, instances=slot.wanted)
        await place.provider.apply(part, move, _unheard)


def _names(slots: Iterable[Slot], component: str) -> str:
    return ", ".join(f"{component}/{slot.name}" for slot in slots)


def _unheard(line: str) -> None:
    """Progress that nobody asked for."""
