"""Bring what one environment proved to the next."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrate.app import App
from orchestrate.cli import options
from orchestrate.cli.following import Manner
from orchestrate.cli.going import go
from orchestrate.cli.identity import Identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import scene_of
from orchestrate.cli.wanted import Wanted
from orchestrate.counter.naming import environment_named
from orchestrate.errors import NoVersionYet
from orchestrate.models.deployment import Request

From = Annotated[str, typer.Option("--from", metavar="A", help="The environment that proved it.")]
To = Annotated[str, typer.Option("--to", metavar="B", help="The environment that gets it.")]


def promote(  # noqa: PLR0913  one parameter per option
    ctx: typer.Context,
    source: From,
    target: To,
    strategy: options.Strategy = None,
    override: options.Override = None,
    yes: options.Yes = False,
    detach: options.Detach = False,
    as_json: AsJson = False,
) -> None:
    """Deploy to B the version that A verified last."""

    async def request(app: App, who: Identity) -> Request:
        version = proven(app, source)
        wanted = Wanted(environment=target, version=version, strategy=strategy, overrides=override or ())
        return await wanted.request(app, who)

    go(scene_of(ctx), Output(as_json), request, Manner(yes=yes, detach=detach, is_quiet=as_json))


def proven(app: App, environment: str) -> str:
    """The commit that an environment verified last. Raises UnknownEnvironment, NoVersionYet."""
    place = environment_named(app.settings, app.store, environment)
    version = app.store.verified.last(place.name, place.service)
    if version is None:
        cure = f"deploy there first: orchestrate deploy run --env {place.name}"
        raise NoVersionYet(f"nothing was verified in {place.name} yet", cure=cure)
    return version.commit
