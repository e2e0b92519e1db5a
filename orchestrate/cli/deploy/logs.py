"""What a deployment wrote: the output of its builds, moves and instances."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrate.cli.options import Deployment
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import scene_of

if TYPE_CHECKING:
    from orchestrate.models.log import LogLine
    from orchestrate.store import Store

Source = Annotated[
    str | None, typer.Option("--source", metavar="S", help="Only from here, e.g. build or web/green.")
]
Contains = Annotated[
    str | None, typer.Option("--contains", metavar="TEXT", help="Only lines that hold this.")
]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Keep showing new lines until it ends.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="The last so many lines.")]

LOOK_SECONDS = 0.5


def logs(  # noqa: PLR0913  one parameter per option
    ctx: typer.Context,
    deployment: Deployment,
    source: Source = None,
    contains: Contains = None,
    follow: Follow = False,
    limit: Limit = 1000,
    as_json: AsJson = False,
) -> None:
    """Show what a deployment wrote, and search in it."""
    out = Output(as_json)
    with scene_of(ctx).store() as store:
        id = store.deployments.deployment(deployment).id
        found = store.logs.read(id, source, contains, limit)
        out.result({"deployment": id, "lines": [one.model_dump(mode="json") for one in found]})
        _say(out, found)
        if follow and not as_json:
            _follow(out, store, id, (source, contains))


def _follow(out: Output, store: Store, id: str, words: tuple[str | None, str | None]) -> None:
    from orchestrate.models.deployment import Status

    seen = len(store.logs.read(id, *words, 100_000))
    is_over = False
    while not is_over:
        is_over = store.deployments.deployment(id).status is Status.FINISHED
        found = store.logs.read(id, *words, 100_000)
        _say(out, found[seen:])
        seen = len(found)
        if not is_over:
            time.sleep(LOOK_SECONDS)


def _say(out: Output, found: Sequence[LogLine]) -> None:
    for one in found:
        out.say(f"{time.strftime('%H:%M:%S', time.localtime(one.at))} {one.source}: {one.text}")
