"""Environments to and from YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml

from orchestrate.cli.env.yaml import as_words, read_file
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import opened, scene_of
from orchestrate.counter.naming import environment_named, environments
from orchestrate.errors import Refused
from orchestrate.models.environment import Environment
from orchestrate.settings import Settings

File = Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file with `environments: {name: …}`.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Which. Default: all.")]


def bring_in(ctx: typer.Context, file: File, as_json: AsJson = False) -> None:
    """Add the environments of a YAML file; one that was created before is replaced."""
    scene = scene_of(ctx)
    settings = scene.settings()
    found = read_file(file, settings)
    for one in found:
        check_free(settings, one)
    with opened(settings) as store:
        for one in found:
            store.environments.save(one)
    out = Output(as_json)
    out.result({"environments": [one.name for one in found]})
    out.say(f"added {', '.join(one.name for one in found)}")


def check_free(settings: Settings, environment: Environment) -> None:
    """Raises Refused for a name that orchestrate.yaml has."""
    if environment.name in settings.environments:
        raise Refused(
            f"{environment.name} is in {settings.path}, whose word counts",
            cure="change it there, or choose another name",
        )


def export(ctx: typer.Context, names: Names = None, as_json: AsJson = False) -> None:
    """Write environments as YAML that `env import` and orchestrate.yaml take. Secrets are references."""
    settings = scene_of(ctx).settings()
    with opened(settings) as store:
        known = [one for one, _ in environments(settings, store).values()]
        found = [environment_named(settings, store, name) for name in names] if names else known
    words = {"environments": {one.name: as_words(one, settings) for one in found}}
    out = Output(as_json)
    out.result(words)
    out.say(yaml.safe_dump(words, sort_keys=False, allow_unicode=True).rstrip())
