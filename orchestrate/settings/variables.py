"""Variables: what the process was given from outside, and the references to them in a text."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping

_REFERENCE = re.compile(r"\$\$\{|\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\})?")


class Unset(LookupError):
    """A variable that a text refers to has no value."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


class Unreadable(ValueError):
    """A text holds a ${ that is not a reference."""


def variable(name: str) -> str | None:
    """The value of a variable of the process; None when it is not set."""
    return os.environ.get(name)


def references(text: str) -> tuple[str, ...]:
    """The names that `text` refers to."""
    return tuple(match["name"] for match in _REFERENCE.finditer(text) if match["name"])


def expanded(text: str, kept: Collection[str] = ()) -> str:
    """`text` with ${NAME} and ${NAME:-default} replaced, except for names in `kept`; $${ stands for ${.

    What a value brings in is not expanded again. Raises Unset, Unreadable.
    """
    return _REFERENCE.sub(lambda match: _value(match, kept), text)


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with the references to names in `values` replaced, and nothing else."""
    return _REFERENCE.sub(lambda match: values.get(match["name"] or "", match[0]), text)


def _value(match: re.Match[str], kept: Collection[str]) -> str:
    name, default = match["name"], match["default"]
    if match[0] == "$${":
        return "${"
    if name is None:
        raise Unreadable("expected ${NAME} or ${NAME:-default}; write $${ for a plain ${")
    if name in kept:
        return match[0]
    found = variable(name)
    if default is not None:
        return found or default
    if found is None:
        raise Unset(name)
    return found
