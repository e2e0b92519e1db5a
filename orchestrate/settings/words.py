"""Words: how an environment may be written, and how its fact has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestrate.models.environment import Environment
from orchestrate.settings.tree import Document, Tree

SYNONYMS: Mapping[str, str] = {
    "rollback_triggers": "triggers",
    "auto_rollback_enabled": "auto_rollback",
    "require_human_approval": "requires_approval",
}
"""The role's word (row Q8) → the environment's."""

KEYS = (
    *(key for key in Environment.model_fields if key not in ("name", "service")),
    *SYNONYMS,
    "monitoring_period",
    "provider",
)
"""What an environment in orchestrate.yaml may hold."""

Words = dict[str, Tree]


def reshaped(document: Document, name: str) -> Document:
    """The document with the environment `name` in its fact's words. Raises SettingsInvalid."""
    loc = ("environments", name)
    tree = document.at(loc)
    if not isinstance(tree.value, dict):
        raise document.fault(loc, f"{name}: expected keys and values, found {document.found(loc)}")
    words = _renamed(document, loc, tree.value)
    words = _with_period(document, loc, words)
    words = {key: _SHAPES[key](value) if key in _SHAPES else value for key, value in words.items()}
    return document.with_value(loc, _provided(words))


def _renamed(document: Document, loc: tuple[str, ...], words: Words) -> Words:
    renamed: Words = {}
    for key, value in words.items():
        word = SYNONYMS.get(key, key)
        if word in renamed:
            raise document.fault((*loc, key), f"{key!r} and {word!r} say the same; keep one")
        renamed[word] = value
    return renamed


def _with_period(document: Document, loc: tuple[str, ...], words: Words) -> Words:
    """`monitoring_period` is `period` in `monitoring`."""
    period = words.pop("monitoring_period", None)
    if period is None:
        return words
    inner = words["monitoring"].value if "monitoring" in words else {}
    if not isinstance(inner, dict):
        return words
    if "period" in inner:
        raise document.fault(
            (*loc, "monitoring_period"), "'monitoring_period' and 'period' say the same; keep one"
        )
    return {**words, "monitoring": Tree(period.line, {**inner, "period": period})}


def _type(tree: Tree) -> Tree:
    return replace(tree, value="production") if tree.value == "prod" else tree


def _canary(tree: Tree) -> Tree:
    """`{10: 30s, 50: 5m}` is a list of shares and durations."""
    if not isinstance(tree.value, dict):
        return tree
    steps = (
        Tree(value.line, {"share": Tree(value.line, share), "seconds": value})
        for share, value in tree.value.items()
    )
    return replace(tree, value=tuple(steps))


_SHAPES = {"type": _type, "canary": _canary}


def _provided(words: Words) -> Words:
    """The environment's provider is that of each component that names none."""
    provider, parts = words.pop("provider", None), words.get("components")
    if provider is None or parts is None or not isinstance(parts.value, tuple):
        return words
    return {**words, "components": replace(parts, value=tuple(_with(part, provider) for part in parts.value))}


def _with(part: Tree, provider: Tree) -> Tree:
    return replace(part, value={"provider": provider, **part.value}) if isinstance(part.value, dict) else part
