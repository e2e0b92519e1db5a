"""Ownership: which fields of an object a manager has applied, with their values of now.

What a manager leaves out when it applies again is removed; so it must say all of it again.
"""

from __future__ import annotations

from typing import cast

from tools.providers.kubernetes.kubectl import Json


def owned(found: Json, manager: str) -> Json:
    """The fields that `manager` applied, as they are now; an object read without its managers has none."""
    about = cast("Json", found["metadata"])
    for one in cast("list[Json]", about.get("managedFields", [])):
        if one.get("manager") == manager and one.get("operation") == "Apply" and not one.get("subresource"):
            return cast("Json", _picked(found, cast("Json", one.get("fieldsV1", {}))))
    return {}


def managers(found: Json, *way: str) -> tuple[str, ...]:
    """Who set this field last, by their names; an object read without its managers has none."""
    about, names = cast("Json", found["metadata"]), list[str]()
    for one in cast("list[Json]", about.get("managedFields", [])):
        fields: object = one.get("fieldsV1", {})
        for word in way:
            fields = cast("Json", fields).get(f"f:{word}") if isinstance(fields, dict) else None
        if fields is not None:
            names.append(str(one.get("manager", "")))
    return tuple(name for name in names if name)


def _picked(value: object, fields: Json) -> object:
    """A leaf, and a list whose entries have managers of their own, is taken whole."""
    names = [name for name in fields if name.startswith("f:")]
    if not names or not isinstance(value, dict):
        return value
    known = cast("Json", value)
    return {
        name[2:]: _picked(known[name[2:]], cast("Json", fields[name])) for name in names if name[2:] in known
    }
