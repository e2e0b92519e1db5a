"""Secrets: set, list, rotate and forget what the vault keeps; no command shows a value."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from orchestrate.cli import options
from orchestrate.cli.identity import identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, opened, scene_of
from orchestrate.counter.naming import environment_named
from orchestrate.errors import Refused
from orchestrate.models.disguises import SHORTEST, is_findable
from orchestrate.models.sealed import SealedSecret
from orchestrate.models.secret import Secret
from orchestrate.settings import Settings
from orchestrate.settings.checks import NAME
from orchestrate.store import Store
from orchestrate.vault import OURS, Vault, vault_of
from orchestrate.vault.envelope import envelope_of

LARGEST = 64 * 1024  # bytes
Name = Annotated[str, typer.Argument(metavar="NAME", help="What it is called in the vault.")]
Extra = Annotated[list[str] | None, typer.Argument(hidden=True, metavar=" ")]
DataKeys = Annotated[
    bool, typer.Option("--data-keys", help="New data keys under the master key that there is.")
]


def set_one(
    ctx: typer.Context,
    name: Name,
    environment: options.Environment,
    extra: Extra = None,
    as_json: AsJson = False,
) -> None:
    """Keep a secret. Its value is asked for, or read from standard input; one line break at its end goes."""
    scene, out = scene_of(ctx), Output(as_json)
    if extra:
        raise Refused(
            "a value on the command line can be seen by everybody on this machine, and stays in its history",
            cure=f"change it where it is used, and: orchestrate secret set {name} --env {environment}",
        )
    if not NAME.fullmatch(name):
        raise typer.BadParameter("NAME: expected letters, digits, '-', '_' or '.', at most 63")
    with _vault(scene) as (settings, store, vault):
        place = environment_named(settings, store, environment)
        value = _value(name)
        row = vault.put(place.name, name, Secret(value), identity(settings).name)
    out.result({"secret": _facts(row)})
    out.say(f"{name} of {place.name} is kept, version {row.version}")
    if not is_findable(value):
        out.note(
            f"it has fewer than {SHORTEST} characters, or is a word of ours: texts cannot be kept free of it"
        )


def list_all(ctx: typer.Context, environment: options.AnyEnvironment = None, as_json: AsJson = False) -> None:
    """Show what is kept: names, versions and ages, and the key it is sealed under; never a value."""
    out = Output(as_json)
    with _vault(scene_of(ctx)) as (settings, store, vault):
        place = environment_named(settings, store, environment).name if environment else None
        found = [row for row in vault.all() if place in (None, row.environment)]
        now = store.clock()
    out.result({"secrets": [_facts(row) for row in found]})
    if not found:
        out.say("nothing is kept; add one with: orchestrate secret set NAME --env E")
        return
    head = ("environment", "name", "version", "set", "by", "sealed", "key")
    out.table(head, [_cells(row, now) for row in found])


def rotate(ctx: typer.Context, data_keys: DataKeys = False, as_json: AsJson = False) -> None:
    """Seal everything anew under a new master key. One that was interrupted goes on."""
    out = Output(as_json)
    with _vault(scene_of(ctx)) as (settings, _, vault):
        done = vault.rotate(identity(settings).name, data_keys=data_keys)
        key = vault.keys.ids()[0]
    out.result({"rotated": [_facts(row) for row in done], "key": key})
    out.say(f"{len(done)} sealed anew; the master key is {key}")


def remove(ctx: typer.Context, name: Name, environment: options.Environment, as_json: AsJson = False) -> None:
    """Forget a secret."""
    out = Output(as_json)
    with _vault(scene_of(ctx)) as (settings, store, vault):
        place = OURS if environment == OURS else environment_named(settings, store, environment).name
        vault.remove(place, name, identity(settings).name)
        users = _users(settings, place, name)
    out.result({"forgotten": {"environment": place, "name": name}, "referred_to_by": users})
    out.say(f"{name} of {place} is forgotten")
    if users:
        out.note(
            f"{place} still refers to it, as {', '.join(users)}: nothing can be deployed there without it"
        )


@contextmanager
def _vault(scene: Scene) -> Generator[tuple[Settings, Store, Vault]]:
    settings = scene.settings()
    with opened(settings) as store:
        yield settings, store, vault_of(settings, store)


def _value(name: str) -> str:
    """What is typed, twice and unseen, or what standard input brings."""
    if sys.stdin.isatty():
        return str(typer.prompt(f"Value of {name}", hide_input=True, confirmation_prompt=True, err=True))
    data = sys.stdin.buffer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise typer.BadParameter(f"the value is longer than {LARGEST // 1024} KiB")
    try:
        value = data.decode()
    except UnicodeDecodeError:
        raise typer.BadParameter("the value is not UTF-8 text; encode it, for example in base64") from None
    value = value.removesuffix("\n").removesuffix("\r")
    if not value or "\0" in value:
        raise typer.BadParameter("the value is empty, or holds a NUL: expected text on standard input")
    return value


def _users(settings: Settings, environment: str, name: str) -> list[str]:
    templates = settings.templates.get(environment, {})
    return [user for user, template in templates.items() if template.kept == name]


def _facts(row: SealedSecret) -> dict[str, str | int]:
    return {
        "environment": row.environment,
        "name": row.name,
        "version": row.version,
        "set_by": row.set_by,
        "set_at": _instant(row.set_at),
        "sealed_at": _instant(row.sealed_at),
        "key": envelope_of(row).key,
    }


def _cells(row: SealedSecret, now: float) -> tuple[str, ...]:
    ages = (_age(now - row.set_at), row.set_by, _age(now - row.sealed_at))
    return (row.environment, row.name, str(row.version), *ages, envelope_of(row).key)


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _age(seconds: float) -> str:
    days, hours, minutes = int(seconds // 86_400), int(seconds // 3600), int(seconds // 60)
    return f"{days} d ago" if days else f"{hours} h ago" if hours else f"{minutes} min ago"
