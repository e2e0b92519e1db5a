"""The models section: who is asked for advice, for how much, and where the key to it is."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from orchestrate.settings.checks import NAME
from orchestrate.settings.deployer import layered
from orchestrate.settings.facts import ModelSettings, Price
from orchestrate.settings.faults import check_keys, parsed, unknown
from orchestrate.settings.settings import Template, known_as
from orchestrate.settings.tree import Document, Plain, Tree
from orchestrate.settings.units import MODELS, measure
from orchestrate.settings.variables import references
from orchestrate.settings.yaml_file import read

DEFAULTS = Path(__file__).parents[2] / "agents" / "config" / "models.yaml"
KEY = "key"
_LOC = ("models",)
_EXAMPLE = "key: ${ANTHROPIC_API_KEY}, or key: {secret: NAME, environment: production} in the vault"
_CURE = "a key has no place in the file; put it in a variable or the vault and refer to it"


def read_models(
    document: Document, environments: Collection[str]
) -> tuple[ModelSettings | None, Template | None]:
    """Which models are asked, and where the key is; nothing where the file says nothing.

    Whether the key has a value is not asked here: without it, stand-ins do the work. Raises SettingsInvalid.
    """
    found = document.find(*_LOC)
    if found is None or found.value is None:
        return None, None
    check_keys(document, _LOC, document.keys_at(*_LOC), [KEY, *ModelSettings.model_fields])
    key = _key(document, document.find(*_LOC, KEY), environments)
    models = parsed(document, _LOC, ModelSettings, layered(_given(read(DEFAULTS)), _given(document)))
    _check_address(document, models.base_url)
    for tier in ("fast", "standard", "deep"):
        name = str(getattr(models, tier))
        if name not in models.prices:
            said = f"{tier}: {name!r} has no price; known: {', '.join(sorted(models.prices))}"
            what = ", ".join(f"{part}: CENTS" for part in Price.model_fields)
            cure = f"add {name}: {{{what}}} to prices"
            raise document.fault((*_LOC, tier), said, cure=cure)
    return models, key


def _given(document: Document) -> Plain:
    held = references(_text(document.find(*_LOC, KEY)))
    section = document.section(*_LOC, kept=held)
    section.pop(KEY, None)
    measure(document, _LOC, section, MODELS)
    return section


def _key(document: Document, tree: Tree | None, environments: Collection[str]) -> Template:
    loc = (*_LOC, KEY)
    if tree is None:
        raise document.fault(_LOC, f"models: expected a key, such as {_EXAMPLE}")
    if isinstance(tree.value, dict):
        return _kept(document, tree, environments)
    if not references(_text(tree)):
        raise document.fault(loc, f"key: expected a reference such as {_EXAMPLE}", cure=_CURE)
    return Template(_text(tree), tree.line)


def _kept(document: Document, tree: Tree, environments: Collection[str]) -> Template:
    loc = (*_LOC, KEY)
    check_keys(document, loc, document.keys_at(*loc), ["secret", "environment"])
    name, place = (_text(tree.child(part)) for part in ("secret", "environment"))
    if not NAME.fullmatch(name) or not place:
        raise document.fault(loc, f"key: expected a reference such as {_EXAMPLE}", cure=_CURE)
    if known_as(place, environments) not in environments:
        said = unknown(place, [*environments]).replace("key", "environment", 1)
        raise document.fault((*loc, "environment"), f"environment: {said}")
    return Template("", tree.line, kept=name, place=known_as(place, environments))


def _text(tree: Tree | None) -> str:
    return tree.value if tree is not None and isinstance(tree.value, str) else ""


def _check_address(document: Document, address: str) -> None:
    """The key travels there: in the clear only within this machine."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not _is_here(parts.hostname or ""):
        raise document.fault((*_LOC, "base_url"), "base_url: expected https, or an address of this machine")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
