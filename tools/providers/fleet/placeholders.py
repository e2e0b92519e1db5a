"""Placeholders: {port}, {slot}, … in the words of a command, which no shell ever reads."""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrate.models.change import Version

PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


def filled(word: str, values: Mapping[str, str]) -> str:
    """The word with its placeholders replaced; nothing in a value is a placeholder again."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), word)


def values_of(version: Version) -> dict[str, str]:
    """What {version}, {commit} and {tree} stand for."""
    return {"version": version.name, "commit": version.commit, "tree": version.tree}
