"""Have Prometheus watch an environment: its targets and alert rules, checked, put and loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from orchestrate.cli.env.show import Name
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import opened, scene_of
from orchestrate.counter.naming import environment_named
from orchestrate.errors import Refused
from orchestrate.models.environment import Environment
from orchestrate.reports.alert_rules import job_of, rules, targets, told

Into = Annotated[Path, typer.Option("--into", metavar="FOLDER", help="Where Prometheus reads its files.")]
Targets = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="[COMPONENT=]HOST:PORT", help="Who tells the numbers; may be repeated."),
]
Reload = Annotated[
    str | None, typer.Option("--reload", metavar="URL", help="A Prometheus that is to read them now.")
]


def monitoring(
    ctx: typer.Context,
    name: Name,
    into: Into,
    target: Targets = None,
    reload: Reload = None,
    as_json: AsJson = False,
) -> None:
    """Write Prometheus's targets and alert rules of an environment; what is so already is left as it is.

    They are held to promtool first: what it refuses is not written.
    """
    settings = scene_of(ctx).settings()
    with opened(settings) as store:
        environment = environment_named(settings, store, name)
    addresses = _addresses(environment, target or ())
    files = {
        f"rules-{environment.service}-{environment.name}.yml": rules(environment),
        f"targets-{environment.service}-{environment.name}.json": targets(environment, addresses),
    }
    changed = asyncio.run(_done(environment, into, files, reload))
    silent = [one.name for one in told(environment) if not addresses.get(one.name)]
    _say(Output(as_json), into, files, changed, silent, reload)


async def _done(
    environment: Environment, into: Path, files: dict[str, str], server: str | None
) -> tuple[str, ...]:
    from tools.systems import prometheus_files

    await prometheus_files.check(*files.values())
    changed = await asyncio.to_thread(prometheus_files.put, into, files)
    if server:
        groups = frozenset(job_of(environment, part) for part in told(environment))
        await prometheus_files.reload(server, groups)
    return changed


def _addresses(environment: Environment, given: Sequence[str]) -> dict[str, list[str]]:
    """Who is scraped for which component. Raises Refused."""
    known = [one.name for one in told(environment)]
    if not known:
        raise Refused(
            f"Prometheus can have no numbers of {environment.name}",
            cure="give a component a `port`, and `metrics` of a kind that Prometheus can have",
        )
    found: dict[str, list[str]] = {}
    for word in given:
        named, equals, address = word.rpartition("=")
        part = named if equals else known[0]
        host, colon, port = address.rpartition(":")
        if part not in known or (not equals and len(known) > 1) or not (host and colon and port.isdecimal()):
            wanted = " or ".join(f"{one}=HOST:PORT" for one in known)
            raise Refused(f"--target {word}: nobody can be scraped there", cure=f"--target {wanted}")
        found.setdefault(part, []).append(address)
    return found


def _say(  # noqa: PLR0913 - what was done has many parts
    out: Output,
    into: Path,
    files: dict[str, str],
    changed: tuple[str, ...],
    silent: list[str],
    server: str | None,
) -> None:
    out.result({"files": [str(into / one) for one in files], "changed": [*changed], "without_target": silent})
    for one in files:
        out.say(f"{into / one}: {'written' if one in changed else 'as it was'}")
    for one in silent:
        out.say(
            f"{one}: no target of its own; PodDown is silent only when its job is scraped: --target {one}=…"
        )
    if server:
        out.say(f"{server} has read them")
