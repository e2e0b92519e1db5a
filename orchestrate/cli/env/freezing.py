"""Freeze an environment for a while, so that nothing starts there, and let things start again."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import typer

from orchestrate.cli.identity import identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, opened, scene_of
from orchestrate.counter.naming import environment_named
from orchestrate.gates.rules import instant
from orchestrate.models.environment import Environment
from orchestrate.settings.units import SECONDS
from orchestrate.store import Store

Name = Annotated[str, typer.Argument(metavar="NAME", help="Which environment.")]
Long = Annotated[str | None, typer.Option("--for", metavar="TIME", help="For how long: 30m, 2h, 3d.")]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="INSTANT", help="Or until when: 2026-12-24T08:00+01:00."),
]
Reason = Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="Why; who must wait reads it.")]


def freeze(
    ctx: typer.Context,
    name: Name,
    reason: Reason,
    lasts: Long = None,
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """Let nothing start in an environment for a while; what is under way asks before it goes on.

    Rollbacks go on as always. Only for people with the role operator or approver; recorded.
    """
    out = Output(as_json)
    if not reason.strip():
        raise typer.BadParameter("--reason: expected why nothing may start")
    with _place(scene_of(ctx), name) as (store, place, by):
        called = store.freezes.call(place.name, place.service, by, reason, _end(store.clock(), lasts, until))
    out.result({"environment": place.name, **called.model_dump(mode="json")})
    out.say(f"{place.name} is {called.sentence}")


def thaw(ctx: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Let things start again before a freeze that somebody called is over. Recorded."""
    out = Output(as_json)
    with _place(scene_of(ctx), name) as (store, place, by):
        was = store.freezes.lift(place.name, place.service, by)
    out.result({"environment": place.name, "lifted_by": by, "was": was.model_dump(mode="json")})
    out.say(f"{place.name} is free again, on the word of {by}; it was {was.sentence}")


@contextmanager
def _place(scene: Scene, name: str) -> Generator[tuple[Store, Environment, str]]:
    """The environment, and who may freeze it."""
    settings = scene.settings()
    with opened(settings) as store:
        place = environment_named(settings, store, name)
        yield store, place, identity(settings).must_overrule(place).name


def _end(now: float, lasts: str | None, until: str | None) -> float:
    if (lasts is None) == (until is None):
        raise typer.BadParameter("expected one of --for TIME and --until INSTANT")
    try:
        return now + SECONDS.read(lasts) if lasts else _instant(until or "")
    except ValueError:
        expected = SECONDS.expected if lasts else "an instant such as 2026-12-24T08:00+01:00"
        raise typer.BadParameter(f"{'--for' if lasts else '--until'}: expected {expected}") from None


def _instant(text: str) -> float:
    moment: datetime = instant(text)
    return moment.timestamp()
