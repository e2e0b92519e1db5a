"""Add an environment, from options or from a YAML file."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from orchestrate.cli.env.exchange import check_free
from orchestrate.cli.env.yaml import Words, from_options, read_file
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import opened, scene_of
from orchestrate.errors import Refused, UnknownEnvironment
from orchestrate.models.environment import Environment, EnvironmentType, Strategy
from orchestrate.settings import Settings
from orchestrate.store import Store

Name = Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")]
File = Annotated[Path | None, typer.Option("--file", metavar="FILE", help="Read it from this YAML file.")]
Type = Annotated[EnvironmentType, typer.Option("--type", help="How much it matters.")]
Url = Annotated[str, typer.Option("--url", metavar="URL", help="Where people reach it.")]
Component = Annotated[str, typer.Option("--component", metavar="NAME", help="The part of the service.")]
Port = Annotated[
    int, typer.Option("--port", min=0, max=65535, help="Its public port; 0: it takes no traffic.")
]
Run = Annotated[
    str, typer.Option("--run", metavar="WORDS", help="What starts it; {port} and {slot} are filled in.")
]
Instances = Annotated[int, typer.Option("--instances", min=1, help="How many copies run.")]
Health = Annotated[str, typer.Option("--health", metavar="PATH", help="Where an instance tells how it is.")]
How = Annotated[Strategy | None, typer.Option("--strategy", help="How a new version takes over.")]
Approver = Annotated[
    list[str] | None, typer.Option("--approver", metavar="PERSON", help="Who approves. Repeatable.")
]
Secret = Annotated[
    list[str] | None, typer.Option("--secret", metavar="NAME", help="Taken from ${NAME}. Repeatable.")
]


def create(  # noqa: PLR0913  one parameter per option
    ctx: typer.Context,
    name: Name,
    file: File = None,
    type_: Type = EnvironmentType.DEV,
    url: Url = "",
    component: Component = "web",
    port: Port = 0,
    run: Run = "",
    instances: Instances = 1,
    health: Health = "/health",
    strategy: How = None,
    approver: Approver = None,
    secret: Secret = None,
    as_json: AsJson = False,
) -> None:
    """Add an environment to the store, beside those of orchestrate.yaml."""
    settings = scene_of(ctx).settings()
    if file is not None:
        made = _of_file(file, name, settings)
    else:
        part: Words = {
            "name": component,
            "port": port,
            "run": shlex.split(run),
            "instances": instances,
            "health": {"path": health},
        }
        words: Words = {"type": type_.value, "url": url, "components": [part]}
        words |= {"strategy": strategy.value} if strategy else {}
        words |= {"approvers": approver} if approver else {}
        words |= {"secrets": {one: f"${{{one}}}" for one in secret}} if secret else {}
        made = from_options(name, words, settings)
    check_free(settings, made)
    with opened(settings) as store:
        _check_new(store, made)
        store.environments.save(made)
    out = Output(as_json)
    out.result({"environment": made.model_dump(mode="json")})
    out.say(f"added {made.name} ({made.type}); look at it with: orchestrate env show {made.name}")


def _of_file(file: Path, name: str, settings: Settings) -> Environment:
    found = {one.name: one for one in read_file(file, settings)}
    if name not in found:
        raise UnknownEnvironment(name, sorted(found))
    return found[name]


def _check_new(store: Store, environment: Environment) -> None:
    if environment.name in {one.name for one in store.environments.all()}:
        raise Refused(
            f"{environment.name} was created before",
            cure=f"orchestrate env delete {environment.name}, or env import, which replaces it",
        )
