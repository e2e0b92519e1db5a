"""Redaction: whatever this process writes, it writes without the secrets that it had in hand.

One redactor for every door: rows of the store, threads, reports, prompts, logs, tracebacks, the terminal.
It knows what became a `Secret` in this process, plain and disguised, also where blanks, line breaks,
quotes or plus signs split it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias, cast

from orchestrate.models.disguises import SHORTEST, disguises
from orchestrate.models.pieces import SPLITTABLE, joined, without_pieces
from orchestrate.models.secret import MASK, held

Container: TypeAlias = "dict[object, object] | list[object] | tuple[object, ...]"


@dataclass(frozen=True)
class Forms:
    """What is looked for: as it stands, and after everything that may split it was taken out."""

    whole: tuple[str, ...]
    joined: tuple[str, ...]


def without_secrets(text: str) -> str:
    """`text` with every secret of this process masked."""
    forms = _forms(held())
    if not forms.whole:
        return text
    for form in forms.whole:
        if form in text:
            text = text.replace(form, MASK)
    return without_pieces(text, forms.joined, MASK)


def without_secrets_in(value: object) -> object:
    """The same value: texts inside lists, mappings and facts are without secrets; keys stay."""
    match value:
        case str():
            return without_secrets(value)
        case None | bool() | int() | float():
            return value
        case dict() | list() | tuple():
            held_there = cast(Container, value)
            made = _inside(held_there)
            return held_there if made == held_there else made
        case _:
            return _fact(value)


def _fact(value: object) -> object:
    from pydantic import BaseModel  # slow to import, and whoever writes lines has no facts

    if not isinstance(value, BaseModel):
        return value
    found = {name: without_secrets_in(inner) for name, inner in value}
    changed = {name: new for name, new in found.items() if new is not getattr(value, name)}
    return value.model_copy(update=changed) if changed else value


def without_secrets_json(text: str) -> str:
    """A JSON document with the secrets masked in its texts; one without any comes back as it is.

    What is no JSON is taken for a text.
    """
    if without_secrets(text) == text:
        return text
    try:
        told = json.loads(text)
    except ValueError:
        return without_secrets(text)
    return json.dumps(without_secrets_in(told), ensure_ascii=False)


def _inside(value: Container) -> object:
    if isinstance(value, dict):
        return {key: without_secrets_in(inner) for key, inner in value.items()}
    made = [without_secrets_in(inner) for inner in value]
    return made if isinstance(value, list) else tuple(made) if type(value) is tuple else value


@lru_cache(maxsize=4)
def _forms(values: frozenset[str]) -> Forms:
    found = {form for value in values for form in disguises(value)}
    return Forms(
        _longest_first(form for form in found if len(form) >= SHORTEST),
        _longest_first(form for form in map(joined, found) if len(form) >= SPLITTABLE),
    )


def _longest_first(forms: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*forms}, key=lambda form: (-len(form), form)))
