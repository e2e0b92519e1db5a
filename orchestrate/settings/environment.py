"""Environments: from the words of orchestrate.yaml to facts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrate.models.environment import Environment
from orchestrate.settings.alerts import check_alerts
from orchestrate.settings.checks import NAME, check_environment
from orchestrate.settings.deployer import as_environment, layered
from orchestrate.settings.facts import DeployerSettings
from orchestrate.settings.faults import check_keys, parsed
from orchestrate.settings.image_keys import check_image_keys
from orchestrate.settings.settings import Template
from orchestrate.settings.signers import check_signers
from orchestrate.settings.tree import Document, Plain, Tree
from orchestrate.settings.units import ENVIRONMENT, measure
from orchestrate.settings.variables import references
from orchestrate.settings.words import KEYS, reshaped

SIGNED_BY = ("signed_by", "image_signed_by")
_EXAMPLE = "TOKEN: ${TOKEN} or TOKEN: {secret: token}"
_CURE = "a secret's value has no place in the file; put it in a variable or the vault and refer to it"


@dataclass(frozen=True)
class Surroundings:
    """What every environment of a file shares."""

    service: str
    folder: Path
    deployer: DeployerSettings


def read_environment(document: Document, name: str, around: Surroundings) -> Environment:
    """One environment as a fact. Raises SettingsInvalid with the line at fault, VariableMissing."""
    loc = ("environments", name)
    check_keys(document, loc, document.keys_at(*loc), KEYS)
    secrets = read_secrets(document, name)
    document = reshaped(document, name)
    given = document.section(*loc, kept=kept_names(secrets))
    measure(document, loc, given, ENVIRONMENT)
    given |= {
        "name": name,
        "service": around.service,
        "secrets": [*secrets],
        "root": _root(given, name, around),
        **_artifact(given, around),
    }
    environment = parsed(document, loc, Environment, layered(as_environment(around.deployer), given))
    check_environment(document, environment)
    check_alerts(document, environment)
    if environment.artifact.image_signed_by is not None:
        keys = environment.artifact.image_signed_by
        check_image_keys(document, (*loc, "artifact", "image_signed_by"), keys)
    if environment.artifact.signed_by is not None:
        check_signers(document, (*loc, "artifact", "signed_by"), environment.artifact.signed_by)
    return environment


def read_secrets(document: Document, name: str) -> Mapping[str, Tree]:
    """The environment's secrets: name → what refers to the value: a text, or {secret: its name in the vault}.

    Raises SettingsInvalid.
    """
    loc = ("environments", name, "secrets")
    found = document.find(*loc)
    if found is None or found.value is None:
        return {}
    if not isinstance(found.value, dict):
        raise document.fault(loc, f"secrets: expected keys and values such as {_EXAMPLE}")
    for key, tree in found.value.items():
        if not _refers(tree):
            raise document.fault((*loc, key), f"{key}: expected a reference such as {_EXAMPLE}", cure=_CURE)
    return found.value


def _refers(tree: Tree) -> bool:
    if isinstance(tree.value, dict):
        return [*tree.value] == ["secret"] and NAME.fullmatch(str(tree.value["secret"].value)) is not None
    return isinstance(tree.value, str) and bool(references(tree.value))


def template(tree: Tree) -> Template:
    """How a secret's value is found, from the tree of `read_secrets`."""
    if isinstance(tree.value, dict):
        return Template("", tree.line, kept=str(tree.value["secret"].value))
    return Template(str(tree.value), tree.line)


def kept_names(secrets: Mapping[str, Tree]) -> Collection[str]:
    """The references that a fact keeps as they are: to secrets, and to variables that secrets are made of."""
    texts = (tree.value for tree in secrets.values() if isinstance(tree.value, str))
    return {*secrets, *(name for text in texts for name in references(text))}


def _artifact(given: Mapping[str, Plain], around: Surroundings) -> dict[str, Plain]:
    """The list of signers and the keys lie beside the file, where their paths are not absolute."""
    rules = given.get("artifact")
    if not isinstance(rules, dict):
        return {}
    named = {name: path for name in SIGNED_BY if isinstance(path := rules.get(name), str)}
    beside = {name: str(around.folder / Path(path).expanduser()) for name, path in named.items()}
    return {"artifact": {**rules, **beside}}


def _root(given: Mapping[str, Plain], name: str, around: Surroundings) -> Plain:
    root = given.get("root")
    if isinstance(root, str):
        return str(around.folder / Path(root).expanduser())
    return root if root is not None else str(around.folder / ".orchestrate" / "environments" / name)
