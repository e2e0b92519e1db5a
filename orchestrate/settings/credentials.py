"""Credentials: what lets us into an outside system is referred to in the file, and never stands there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from orchestrate.settings.checks import NAME
from orchestrate.settings.faults import check_keys, unknown
from orchestrate.settings.settings import Template, known_as
from orchestrate.settings.tree import Document, Loc, Plain, Tree
from orchestrate.settings.variables import references

_CURE = "a {} has no place in the file; put it in a variable or the vault and refer to it"


def read_credential(
    document: Document, loc: Sequence[str], environments: Collection[str], variable: str
) -> Template:
    """Where the credential at `loc` is: in a variable, such as `variable`, or in the vault of an environment.

    Whether it has a value is not asked here. Raises SettingsInvalid.
    """
    tree, name = document.find(*loc), loc[-1]
    example = f"{name}: {variable}, or {name}: {{secret: NAME, environment: production}} in the vault"
    if tree is None:
        raise document.fault(loc[:-1], f"{loc[-2]}: expected a {name}, such as {example}")
    if isinstance(tree.value, dict):
        return _kept(document, loc, tree, environments, example)
    if not references(_text(tree)):
        raise document.fault(loc, f"{name}: expected a reference such as {example}", cure=_CURE.format(name))
    return Template(_text(tree), tree.line)


def without_credentials(document: Document, loc: Sequence[str], names: Collection[str]) -> dict[str, Plain]:
    """The section at `loc` without its credentials, whose variables are not read."""
    held = [part for name in names for part in references(_text(document.find(*loc, name)))]
    section = document.section(*loc, kept=held)
    return {key: value for key, value in section.items() if key not in names}


def check_private(document: Document, loc: Loc, address: str) -> None:
    """A credential travels to `address`: in the clear only within this machine. Raises SettingsInvalid."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not _is_here(parts.hostname or ""):
        raise document.fault(loc, f"{loc[-1]}: expected https, or an address of this machine")


def _kept(
    document: Document, loc: Sequence[str], tree: Tree, environments: Collection[str], example: str
) -> Template:
    check_keys(document, loc, document.keys_at(*loc), ["secret", "environment"])
    name, place = (_text(tree.child(part)) for part in ("secret", "environment"))
    if not NAME.fullmatch(name) or not place:
        cure = _CURE.format(loc[-1])
        raise document.fault(loc, f"{loc[-1]}: expected a reference such as {example}", cure=cure)
    if known_as(place, environments) not in environments:
        said = unknown(place, [*environments]).replace("key", "environment", 1)
        raise document.fault((*loc, "environment"), f"environment: {said}")
    return Template("", tree.line, kept=name, place=known_as(place, environments))


def _text(tree: Tree | None) -> str:
    return tree.value if tree is not None and isinstance(tree.value, str) else ""


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
