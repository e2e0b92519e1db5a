"""Reserving: files that a person wants for themselves, so that deployments of them wait."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

import typer

from orchestrate.cli.identity import Identity, identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, opened, scene_of
from orchestrate.errors import Refused
from orchestrate.models.learning import Held, Reservation
from orchestrate.reports.markdown import instant
from orchestrate.settings import Settings
from orchestrate.settings.units import SECONDS
from orchestrate.store import Store

Paths = Annotated[
    list[str], typer.Argument(metavar="PATH...", help="Files as the repository names them, or patterns.")
]
AnyPaths = Annotated[
    list[str] | None, typer.Argument(metavar="[PATH...]", help="Only these; without any, all of yours.")
]
Long = Annotated[str, typer.Option("--for", metavar="TIME", help="For how long: 30m, 2h.")]
Reason = Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="What for; it is told.")]
Whose = Annotated[
    str | None, typer.Option("--of", metavar="WHO", help="Somebody else's; for operators and approvers.")
]


def add(
    ctx: typer.Context, paths: Paths, lasts: Long = "2h", reason: Reason = "", as_json: AsJson = False
) -> None:
    """Reserve files for yourself: deployments that come later wait for you, for as long as they may."""
    out, seconds = Output(as_json), _seconds(lasts)
    with _book(scene_of(ctx)) as (settings, store, who):
        wanted = Reservation(
            holder=who.must_be_known().name,
            service=settings.service,
            files=tuple(paths),
            reason=reason,
            until=store.clock() + seconds,
            exclusive=True,
        )
        others = store.reservations.add(wanted)
    out.result({"reserved": [*paths], "until": wanted.until, "others": [one.model_dump() for one in others]})
    out.say(f"{', '.join(paths)}: reserved for {wanted.holder} until {instant(wanted.until)}")
    for one in others:
        out.note(f"{one.by} works on {one.path} already, and goes on")


def list_all(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show which files are reserved now: by people, and by deployments under way."""
    out = Output(as_json)
    with _book(scene_of(ctx)) as (settings, store, _):
        found = store.reservations.all(settings.service)
    out.result({"reservations": [one.model_dump() for one in found]})
    if not found:
        out.say("nothing is reserved")
        return
    out.table(("path", "by", "until", "waited for", "why"), [_row(one) for one in found])


def give_back(
    ctx: typer.Context, paths: AnyPaths = None, whose: Whose = None, as_json: AsJson = False
) -> None:
    """Give back what you reserved."""
    out = Output(as_json)
    with _book(scene_of(ctx)) as (settings, store, who):
        by = who.must_be_known().name
        if whose is not None and whose != by:
            who.must_overrule(None)
        holder = whose or by
        if not any(one.by == holder and one.exclusive for one in store.reservations.all(settings.service)):
            raise Refused(f"{holder} has reserved nothing", cure="see: orchestrate reserve list")
        count = store.reservations.give_back(holder, paths or ())
    out.result({"given_back": count, "of": holder})
    out.say(f"{count} given back; who waits for them looks again within a minute")


@contextmanager
def _book(scene: Scene) -> Generator[tuple[Settings, Store, Identity]]:
    settings = scene.settings()
    if settings.reservations.kind != "builtin":
        raise Refused(
            f"reservations are kept by {settings.reservations.kind}, and not here",
            cure="reserve them there, or: reservations: {kind: builtin}",
        )
    with opened(settings) as store:
        yield settings, store, identity(settings)


def _seconds(text: str) -> int:
    try:
        seconds = SECONDS.read(text)
    except ValueError:
        seconds = 0
    if seconds < 1:
        raise typer.BadParameter(f"--for: expected {SECONDS.expected}")
    return seconds


def _row(one: Held) -> tuple[str, ...]:
    until = instant(one.until) if one.until else ""
    return (one.path, one.by, until, "yes" if one.exclusive else "no", one.reason)
