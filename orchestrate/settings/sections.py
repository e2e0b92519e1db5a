"""Sections: the parts of orchestrate.yaml beside its environments."""

from __future__ import annotations

from pydantic import Field

from orchestrate.models.environment import Channel, Person
from orchestrate.models.fact import Fact
from orchestrate.settings.checks import check_name
from orchestrate.settings.facts import (
    DeployerSettings,
    StoreSettings,
    VaultSettings,
    WorkerSettings,
)
from orchestrate.settings.faults import check_keys, parsed
from orchestrate.settings.tree import Document, Plain
from orchestrate.settings.units import WORKER, measure

_SQLITE = "sqlite:///"
_ABOUT = ("roles", "bot")  # what is said of a person beside the accounts


class Outline(Fact):
    """The values that stand at the top of the file by themselves."""

    service: str
    workspaces: str = Field(default=".orchestrate/workspaces", min_length=1)
    flow: tuple[str, ...] = ()


def read_outline(document: Document) -> Outline:
    """Service, workspaces and flow. Raises SettingsInvalid."""
    given: Plain = {key: document.plain(key) for key in document.keys_at() if key in Outline.model_fields}
    outline = parsed(document, (), Outline, given)
    check_name(document, ("service",), outline.service)
    return outline


def read_store(document: Document) -> StoreSettings:
    """The store's address; without one, a SQLite file beside the settings. Raises SettingsInvalid."""
    folder = document.path.parent
    default: dict[str, Plain] = {"url": f"{_SQLITE}{folder / '.orchestrate' / 'orchestrate.db'}"}
    store = parsed(document, ("store",), StoreSettings, default | document.section("store"))
    path = store.url.removeprefix(_SQLITE)
    if path == store.url or path.startswith((":memory:", "file:")) or not path:
        return store
    return StoreSettings(url=f"{_SQLITE}{folder / path}")


def read_vault(document: Document) -> VaultSettings:
    """Where the master key lies: beside the file, unless the path is absolute. Raises SettingsInvalid."""
    vault = parsed(document, ("vault",), VaultSettings, document.section("vault"))
    return VaultSettings(key_file=document.path.parent / vault.key_file.expanduser())


def read_worker(document: Document, deployer: DeployerSettings) -> WorkerSettings:
    """How a worker looks for work. Raises SettingsInvalid."""
    given = document.section("worker")
    measure(document, ("worker",), given, WORKER)
    return parsed(document, ("worker",), WorkerSettings, {"poll_interval": deployer.poll_interval, **given})


def read_people(document: Document) -> tuple[Person, ...]:
    """Who may say and do what. Raises SettingsInvalid."""
    document.section("people")
    return tuple(_person(document, name) for name in document.keys_at("people"))


def _person(document: Document, name: str) -> Person:
    loc = ("people", name)
    given = document.section(*loc)
    check_keys(document, loc, given, [*Channel, *_ABOUT])
    accounts = {key: _listed(value) for key, value in given.items() if key not in _ABOUT}
    for channel, listed in accounts.items():
        if not listed or not all(isinstance(one, str) for one in listed):
            raise document.fault((*loc, channel), f"{channel}: expected an account, or a list of them")
    plain: Plain = {key: value for key, value in given.items() if key in _ABOUT}
    plain |= {"name": name, "identities": {key: listed[0] for key, listed in accounts.items()}}
    plain |= {"accounts": {key: listed[1:] for key, listed in accounts.items() if listed[1:]}}
    return parsed(document, loc, Person, plain)


def _listed(value: Plain) -> list[Plain]:
    return value if isinstance(value, list) else [value]
