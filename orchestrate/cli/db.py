"""The store: bring it to this version, look whether it is sound, say where it is."""

from __future__ import annotations

from contextlib import closing

import typer

from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import scene_of
from orchestrate.store import Store


def upgrade(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Bring the tables to this version. Does nothing where they are."""
    where = _where(ctx)
    with closing(Store.open(where)) as store:
        store.upgrade()
        store.check()
        address = store.engine.url.render_as_string()
    out = Output(as_json)
    out.result({"store": address, "upgraded": True})
    out.say(f"{address} has this version's tables")


def check(ctx: typer.Context, as_json: AsJson = False) -> None:
    """See whether the store is whole, writable, of this version, and has room. Changes nothing."""
    where = _where(ctx)
    with closing(Store.open(where)) as store:
        store.check()
        address = store.engine.url.render_as_string()
    out = Output(as_json)
    out.result({"store": address, "sound": True})
    out.say(f"{address} is sound")


def path(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Say where the store is; a password is not shown."""
    from sqlalchemy import make_url

    address = make_url(_where(ctx))
    shown = address.render_as_string()
    out = Output(as_json)
    out.result({"store": shown})
    out.say(str(address.database) if address.get_backend_name() == "sqlite" else shown)


def _where(ctx: typer.Context) -> str:
    return scene_of(ctx).settings().store.url
