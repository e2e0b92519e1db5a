"""Hold the health checks of an environment to what its endpoints do, and propose better ones."""

from __future__ import annotations

import asyncio

import typer

from orchestrate.cli.env.show import Name
from orchestrate.cli.exits import Exit
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, scene_of
from orchestrate.counter.naming import environment_named
from orchestrate.models.environment import Component
from orchestrate.models.fact import Fact
from tools.place import Place
from tools.probing import Advice, Seen, advised, seen_at
from tools.reach import reach_of


class Checked(Fact):
    """One component: what it answered, and what its `health` should say."""

    component: str
    path: str
    seen: tuple[Seen, ...]
    advice: tuple[Advice, ...]

    @property
    def is_met(self) -> bool:
        """Whether the check of the settings is; one that asks for no path always is."""
        return not self.path or not self.seen[0].problem


def health(ctx: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Ask what runs as its health checks do, and propose values that suit it better.

    Ends with 1 when a check is not met.
    """
    out = Output(as_json)
    found = asyncio.run(_checked(scene_of(ctx), name))
    out.result({"components": [{**one.model_dump(mode="json"), "is_met": one.is_met} for one in found]})
    for one in found:
        _say(out, one)
    if not found:
        out.say("no component has a port: there is nobody to ask")
    if not all(one.is_met for one in found):
        raise typer.Exit(int(Exit.NO))


async def _checked(scene: Scene, name: str) -> list[Checked]:
    async with scene.app() as app:
        environment = environment_named(app.settings, app.store, name)
        place = app.crew.places(environment.name)
        return [await _one(place, part) for part in environment.components if part.port]


async def _one(place: Place, part: Component) -> Checked:
    base = await place.addresses.public(part)
    seen = await seen_at(base, part, reach_of(place.environment))
    advice = advised(part.health, seen)
    return Checked(component=part.name, path=part.health.path, seen=seen, advice=advice)


def _say(out: Output, one: Checked) -> None:
    if not one.path:
        out.say(f"{one.component}: a connection is all that is asked for")
    elif one.is_met:
        out.say(f"{one.component}: {one.path} answers as it must, in {one.seen[0].slowest} ms at most")
    else:
        out.say(f"{one.component}: {one.seen[0].problem}")
    for better in one.advice:
        out.say(f"  better: health: {{{better.key}: {better.value}}}, for {better.why}")
