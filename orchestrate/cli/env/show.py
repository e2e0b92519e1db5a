"""Look at environments: which there are, what their rules are, whether they answer, what is live."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

import typer

from orchestrate.cli.exits import Exit
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, opened, scene_of
from orchestrate.counter.naming import environment_named, environments
from orchestrate.errors import OrchestrateError
from orchestrate.models.environment import Component, Environment
from orchestrate.models.fact import Fact
from orchestrate.models.runtime import Running
from orchestrate.models.windows import CalledFreeze
from tools.health import check
from tools.place import Place
from tools.reach import reach_of

Name = Annotated[str, typer.Argument(metavar="NAME", help="Which environment.")]


class Look(Fact):
    """What one component is like now."""

    component: str
    address: str
    answers: bool | None  # None: it takes no traffic, or nothing is live
    detail: str
    running: Running | None


def list_all(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show every environment, of orchestrate.yaml and created ones."""
    settings = scene_of(ctx).settings()
    with opened(settings) as store:
        found = list(environments(settings, store).values())
        verified = {one.name: store.verified.last(one.name, one.service) for one, _ in found}
        holders = {one.name: store.locks.holder(one.name, one.service) for one, _ in found}
        frozen = {one.name: store.freezes.now(one.name, one.service) for one, _ in found}
    out = Output(as_json)
    rows = [
        {
            "name": one.name,
            "type": one.type.value,
            "from": source,
            "strategy": one.strategy.value,
            "url": one.url,
            "asks_a_person": one.asks_a_person,
            "verified": version.name if (version := verified[one.name]) else None,
            "held_by": holders[one.name],
            "frozen": freeze.sentence if (freeze := frozen[one.name]) else None,
        }
        for one, source in found
    ]
    out.result({"environments": rows})
    head = ("name", "type", "from", "strategy", "asks a person", "verified", "held by", "")
    out.table(head, [_words(row) for row in rows])


def _words(row: Mapping[str, object]) -> tuple[str, ...]:
    asks = "yes" if row["asks_a_person"] else "no"
    known = (str(row[name]) for name in ("name", "type", "from", "strategy"))
    return (*known, asks, *(str(row[name] or "") for name in ("verified", "held_by", "frozen")))


def show(ctx: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Show an environment: its rules, whether it can be reached, and what is live.

    Ends with 3 when it cannot be reached.
    """
    out = Output(as_json)
    environment, freeze, looks = asyncio.run(_looks(scene_of(ctx), name))
    out.result(
        {
            "environment": environment.model_dump(mode="json"),
            "frozen": freeze.model_dump(mode="json") if freeze else None,
            "components": [one.model_dump(mode="json") for one in looks],
        }
    )
    _say(out, environment, freeze, looks)
    if any(one.running is None or one.answers is False for one in looks):
        raise typer.Exit(int(Exit.OUTSIDE))


async def _looks(scene: Scene, name: str) -> tuple[Environment, CalledFreeze | None, list[Look]]:
    async with scene.app() as app:
        environment = environment_named(app.settings, app.store, name)
        place = app.crew.places(environment.name)
        freeze = app.store.freezes.now(environment.name, environment.service)
        return environment, freeze, [await look(place, part) for part in environment.components]


async def look(place: Place, part: Component) -> Look:
    """One component, now; what cannot be read is said, never raised."""
    try:
        running = await place.provider.running(part)
        address = await place.addresses.public(part)
    except (OrchestrateError, OSError) as problem:
        return Look(component=part.name, address="", answers=None, detail=str(problem), running=None)
    if not part.port or running.live is None:
        nothing = "nobody knows what is live" if running.unknown else "nothing is live"
        detail = nothing if running.live is None else "takes no traffic"
        return Look(component=part.name, address=address, answers=None, detail=detail, running=running)
    health = await check(urlsplit(address).netloc, part.health, reach_of(place.environment))
    return Look(
        component=part.name,
        address=address,
        answers=health.ok,
        detail="answers" if health.ok else health.detail,
        running=running,
    )


def _say(out: Output, environment: Environment, freeze: CalledFreeze | None, looks: list[Look]) -> None:
    approvers = ", ".join(environment.approvers) or "nobody"
    asks = f"asks {approvers}" if environment.asks_a_person else "asks nobody"
    rules = f"service {environment.service}, {environment.strategy}, {asks}"
    out.say(f"{environment.name} ({environment.type}), {rules}")
    if freeze is not None:
        out.say(freeze.sentence)
    for one in looks:
        out.say(f"{one.component}: {one.address or 'no address'}: {one.detail}")
    rows = [row for one in looks if one.running is not None for row in _slots(one.running)]
    if rows:
        out.table(("slot", "version", "instances", "traffic"), rows)


def _slots(running: Running) -> list[tuple[str, str, str, str]]:
    return [
        (
            f"{running.component}/{slot.name}",
            slot.version.name if slot.version else "unknown",
            f"{sum(1 for copy in slot.instances if copy.healthy)} of {slot.wanted} healthy",
            f"{running.weights.get(slot.name, 0)} %",
        )
        for slot in running.slots
    ]
