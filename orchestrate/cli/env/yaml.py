"""Environments as YAML: read as orchestrate.yaml is, and written so that they can be read again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, cast

from orchestrate.models.environment import Environment
from orchestrate.settings import Settings
from orchestrate.settings.checks import check_name
from orchestrate.settings.environment import Surroundings, read_environment
from orchestrate.settings.settings import Template
from orchestrate.settings.tree import Document, Tree
from orchestrate.settings.units import ENVIRONMENT, HUNDREDTHS
from orchestrate.settings.variables import references
from orchestrate.settings.yaml_file import read

Given: TypeAlias = "str | int | float | bool | None | Sequence[Given] | Mapping[str, Given]"
Words: TypeAlias = "dict[str, Given]"

ALWAYS = ("triggers", "monitoring", "auto_rollback", "verification_timeout", "requires_approval")
"""Written even where they are the defaults, because the deployer's settings may say otherwise elsewhere."""

_REFERENCE = re.compile(r"\$\{(\w+)[^}]*\}|\$\{")


def read_file(path: Path, settings: Settings) -> tuple[Environment, ...]:
    """Every environment of a file. Raises SettingsInvalid with the line at fault."""
    document = read(path.absolute())
    names = document.keys_at("environments")
    if not names:
        raise document.fault(("environments",), "environments: expected at least one, by name")
    return tuple(_environment(document, name, settings) for name in names)


def from_options(name: str, words: Words, settings: Settings) -> Environment:
    """The environment that these words are. Raises SettingsInvalid."""
    root = _tree({"environments": {name: words}})
    return _environment(Document(Path("the options"), 0.0, root), name, settings)


def _environment(document: Document, name: str, settings: Settings) -> Environment:
    check_name(document, ("environments", name), name)
    around = Surroundings(settings.service, settings.path.parent, settings.deployer)
    return read_environment(document, name, around)


def _tree(given: Given) -> Tree:
    match given:
        case str() | None:
            return Tree(1, given)
        case bool():
            return Tree(1, str(given).lower())
        case int() | float():
            return Tree(1, str(given))
        case Mapping():
            return Tree(1, {key: _tree(value) for key, value in given.items()})
        case _:
            return Tree(1, tuple(_tree(value) for value in given))


def as_words(environment: Environment, settings: Settings) -> Words:
    """The environment in the words of orchestrate.yaml; a secret is a reference, never a value."""
    left_out = {"name", "service", "secrets", "root"}
    full = environment.model_dump(mode="json", exclude=left_out, exclude_none=True)
    words: Words = environment.model_dump(mode="json", exclude=left_out, exclude_defaults=True)
    words |= {key: full[key] for key in ALWAYS if key in full}
    _name_smokes(environment, words)
    _in_percent(words)
    if environment.secrets:
        words["secrets"] = _secrets(environment, settings)
    rules = environment.artifact
    files = {"signed_by": rules.signed_by, "image_signed_by": rules.image_signed_by}
    beside: Words = {name: _beside(path, settings) for name, path in files.items() if path}
    words |= {"artifact": beside} if beside else {}
    return cast(Words, _escaped(words | _root(environment, settings), _kept(environment, settings)))


def _name_smokes(environment: Environment, words: Words) -> None:
    for part, written in zip(environment.components, cast(list[Words], words["components"]), strict=True):
        for smoke, test in zip(part.smoke, cast(list[Words], written.get("smoke", [])), strict=True):
            test["kind"] = smoke.kind


def _in_percent(words: Words) -> None:
    """Hundredths of a percent are written as percent."""
    for (section, *rest), unit in ENVIRONMENT.items():
        held = words.get(section)
        if unit is HUNDREDTHS and isinstance(held, dict) and isinstance(number := held.get(rest[0]), int):
            held[rest[0]] = f"{number / 100:g} %"


def _secrets(environment: Environment, settings: Settings) -> Words:
    templates = settings.templates.get(environment.name, {})
    return {name: _reference(name, templates.get(name)) for name in environment.secrets}


def _reference(name: str, template: Template | None) -> Given:
    if template is None:
        return f"${{{name}}}"
    return template.text if template.kept is None else {"secret": template.kept}


def _kept(environment: Environment, settings: Settings) -> frozenset[str]:
    """References that are left as they are: to secrets, and to what secrets are made of."""
    texts = [template.text for template in settings.templates.get(environment.name, {}).values()]
    return frozenset({*environment.secrets, *(name for text in texts for name in references(text))})


def _root(environment: Environment, settings: Settings) -> Words:
    if environment.root == settings.path.parent / ".orchestrate" / "environments" / environment.name:
        return {}
    return {"root": _beside(environment.root, settings)}


def _beside(path: Path, settings: Settings) -> str:
    """The path as it is written in the settings: what is in their folder begins there."""
    folder = settings.path.parent
    return f"./{path.relative_to(folder)}" if path.is_relative_to(folder) else str(path)


def _escaped(given: Given, kept: frozenset[str]) -> Given:
    """The same, with every ${ that is no reference to a secret written as $${."""
    match given:
        case str():
            return _REFERENCE.sub(lambda match: match[0] if match[1] in kept else f"${match[0]}", given)
        case Mapping():
            return {key: _escaped(value, kept) for key, value in given.items()}
        case None | bool() | int() | float():
            return given
        case _:
            return [_escaped(value, kept) for value in given]
