"""Faults: what does not fit a fact, said with the line and what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from orchestrate.errors import SettingsInvalid
from orchestrate.models.aws import REGION
from orchestrate.models.hosts import GUID, NAMESPACE, PROJECT
from orchestrate.models.smoke import ADDRESS, PATH, PATH_OR_NOTHING
from orchestrate.settings.tree import Document, Loc, Plain

F = TypeVar("F", bound=BaseModel)
Schema = dict[str, object]

_EXPECTED = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "path_type": "a path",
    "string_too_short": "text",
    "tuple_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "enum": "{expected}",
    "literal_error": "{expected}",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "union_tag_invalid": "{discriminator} to be one of {expected_tags}",
}
_SHAPES = {
    PATH: "a path that starts with / and has no blanks",
    PATH_OR_NOTHING: "a path that starts with / and has no blanks, or nothing",
    ADDRESS: "an address such as https://pay.example.com:8443",
    REGION: "a region such as eu-central-1",
    GUID: "an id such as 123e4567-e89b-12d3-a456-426614174000",
    NAMESPACE: "a name of small letters, digits and dashes, such as shop",
    PROJECT: "a project's id such as shop-4711, of at least three small letters, digits or dashes",
}


def parsed(document: Document, loc: Loc, fact: type[F], plain: Plain) -> F:
    """`plain`, which stands at `loc`, as a fact. Raises SettingsInvalid for the first line at fault.

    In one line, an unknown key is said before a missing one, which it often is, misspelt.
    """
    try:
        return fact.model_validate(plain)
    except ValidationError as error:
        details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] == "missing")
    raise min((_fault(document, loc, fact, detail) for detail in details), key=lambda fault: fault.line or 0)


def check_keys(document: Document, loc: Loc, given: Iterable[str], known: Sequence[str]) -> None:
    """Raise SettingsInvalid for the first key that is not known, with the nearest one that is."""
    for key in given:
        if key not in known:
            raise document.fault((*loc, key), unknown(key, known))


def unknown(key: str, known: Sequence[str]) -> str:
    """The sentence about a key that nobody reads."""
    near = get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(known))}"
    return f"unknown key {key!r}; {hint}"


def _fault(document: Document, loc: Loc, fact: type[BaseModel], detail: ErrorDetails) -> SettingsInvalid:
    at = (*loc, *detail["loc"])
    return document.fault(at, _said(document, at, fact, detail))


def _said(document: Document, at: Loc, fact: type[BaseModel], detail: ErrorDetails) -> str:
    name = _name(at)
    match detail["type"]:
        case "missing":
            return f"missing key {name!r}"
        case "union_tag_not_found":
            return f"{name}: missing key 'kind'"
        case "extra_forbidden":
            return unknown(str(at[-1]), _keys(fact.model_json_schema(), detail["loc"][:-1]))
        case "string_pattern_mismatch":
            form = detail.get("ctx", {}).get("pattern", "")
            shape = _SHAPES.get(form, f"text of the form {form}")
            return f"{name}: expected {shape}, found {document.found(at)}"
        case kind if kind in _EXPECTED:
            expected = _EXPECTED[kind].format_map(detail.get("ctx", {}))
            return f"{name}: expected {expected}, found {document.found(at)}"
        case _:
            return f"{name}: {detail['msg']}"


def _name(at: Loc) -> str:
    """The last key on the way to `at`, with the places in lists that follow it."""
    last = max((index for index, part in enumerate(at) if isinstance(part, str)), default=0)
    return str(at[last]) + "".join(f"[{part}]" for part in at[last + 1 :])


def _keys(schema: Schema, loc: Loc) -> Sequence[str]:
    """The keys that a JSON schema knows at `loc`; none when it does not go there."""
    here = schema
    for part in loc:
        here = _inside(_resolved(schema, here), part)
    return tuple(cast(Schema, _resolved(schema, here).get("properties", {})))


def _resolved(schema: Schema, here: Schema) -> Schema:
    """The definition that `here` refers to, itself or in the one of its choices that is not null."""
    for choice in cast(list[Schema], here.get("anyOf", [])):
        if choice.get("type") != "null":
            here = choice
    reference = here.get("$ref")
    if not isinstance(reference, str):
        return here
    definitions = cast(dict[str, Schema], schema["$defs"])
    return definitions[reference.rsplit("/", 1)[-1]]


def _inside(here: Schema, part: str | int) -> Schema:
    if isinstance(part, int):
        return cast(Schema, here.get("items", {}))
    properties = cast(dict[str, Schema], here.get("properties", {}))
    if part in properties:
        return properties[part]
    tags = cast(dict[str, dict[str, str]], here.get("discriminator", {})).get("mapping", {})
    return {"$ref": tags[part]} if part in tags else cast(Schema, here.get("additionalProperties", {}))
