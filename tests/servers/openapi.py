"""A description in OpenAPI 3.0: is a request or an answer as it says, and what is the least that is?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import cast

Json = dict[str, object]

KNOWN = {
    "$ref", "additionalProperties", "allOf", "anyOf", "default", "deprecated", "enum", "format", "items",
    "maxLength", "maximum", "minLength", "minimum", "nullable", "oneOf", "pattern", "properties", "readOnly",
    "required", "type",
}  # fmt: skip
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


@dataclass(frozen=True)
class Operation:
    """One verb on one path: what may be sent, and what is answered."""

    path: str
    verb: str
    said: Json

    @property
    def body(self) -> Json | None:
        """The schema of the request's body."""
        return _schema(cast(Json, self.said.get("requestBody", {})))


class Description:
    """What a server and its clients are held to."""

    def __init__(self, file: Path) -> None:
        self._whole = cast(Json, json.loads(file.read_text()))

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        paths = cast("dict[str, dict[str, Json]]", self._whole["paths"])
        return tuple(
            Operation(path, verb, said) for path, verbs in paths.items() for verb, said in verbs.items()
        )

    def operation(self, verb: str, path: str) -> tuple[Operation, Mapping[str, str]] | None:
        """Who answers `verb` on `path`, and what stands in the path's places."""
        for one in self.operations:
            shape = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(one.path))
            if one.verb == verb.lower() and (match := re.fullmatch(shape, path)):
                return one, match.groupdict()
        return None

    def asked_wrongly(self, operation: Operation, query: Mapping[str, str], body: object) -> tuple[str, ...]:
        """What is wrong with a request."""
        given = [self.resolved(one) for one in cast("list[Json]", operation.said.get("parameters", []))]
        known = {str(one["name"]): one for one in given if one["in"] == "query"}
        unknown = [f"query {name}: not described" for name in query if name not in known]
        wrong = [
            f"query {name}: {said}"
            for name, value in query.items()
            if name in known
            for said in self.faults(
                known[name]["schema"], _typed(self.resolved(known[name]["schema"]), value)
            )
        ]
        if operation.body is None:
            return (*unknown, *wrong, *(["a body, where none is described"] if body else []))
        return (*unknown, *wrong, *self.faults(operation.body, body), *self._unknown(operation.body, body))

    def answer(self, operation: Operation, status: int) -> Json | None:
        """The schema of an answer, {} for one without a body; None: no such answer is described."""
        found = cast("dict[str, Json]", operation.said["responses"]).get(str(status))
        return None if found is None else _schema(self.resolved(found)) or {}

    def resolved(self, node: object) -> Json:
        """`node`, or what it refers to."""
        here = cast(Json, node)
        while "$ref" in here:
            found = self._whole
            for part in str(here["$ref"]).removeprefix("#/").split("/"):
                found = cast(Json, found[part])
            here = found
        return here

    def faults(self, node: object, value: object, at: str = "") -> Iterator[str]:
        """Where `value` is not as the schema says."""
        schema = self.resolved(node)
        if value is None and schema.get("nullable"):
            return
        kind = str(schema.get("type", ""))
        is_bool = isinstance(value, bool)
        if kind and (not isinstance(value, _TYPES[kind]) or (is_bool and kind != "boolean")):
            yield f"{at or 'it'}: expected {kind}, found {json.dumps(value)[:60]}"
            return
        yield from _scalar(schema, value, at)
        yield from self._choices(schema, value, at)
        if isinstance(value, dict):
            yield from self._members(schema, cast(Json, value), at)
        if isinstance(value, list) and "items" in schema:
            for index, one in enumerate(cast(list[object], value)):
                yield from self.faults(schema["items"], one, f"{at}[{index}]")

    def least(self, node: object, values: object = None, hint: str = "x") -> object:
        """The smallest thing that the schema allows, with `values` in their places."""
        schema = self.resolved(node)
        if values is not None and not isinstance(values, dict | list):
            return values
        if isinstance(values, list):
            return [self.least(schema.get("items", {}), one) for one in cast(list[object], values)]
        given = cast("Json | None", values)
        for key in ("oneOf", "anyOf"):
            if key in schema:
                return self.least(self._fitting(cast("list[Json]", schema[key]), given), given, hint)
        if "properties" in schema or schema.get("type") == "object" or "allOf" in schema:
            if schema.get("nullable") and given is None:
                return None
            return self._object(schema, given or {})
        return None if schema.get("nullable") else _sample(schema, hint)

    def _object(self, schema: Json, values: Json) -> Json:
        if "properties" not in schema and "allOf" not in schema:
            return dict(values)
        made: Json = {}
        for part in cast("list[Json]", schema.get("allOf", [])):
            made |= cast(Json, self.least(part, values))
        properties = cast(Json, schema.get("properties", {}))
        for key in (*cast("list[str]", schema.get("required", [])), *values):
            if key in properties:
                given = values.get(key)
                is_null = key in values and given is None
                made[key] = None if is_null else self.least(properties[key], given, key)
        return made

    def _fitting(self, choices: Sequence[Json], values: object) -> Json:
        for one in choices:
            if not any(self.faults(one, self.least(one, values))):
                return one
        return choices[0]

    def _choices(self, schema: Json, value: object, at: str) -> Iterator[str]:
        for one in cast("list[Json]", schema.get("allOf", [])):
            yield from self.faults(one, value, at)
        for key in ("oneOf", "anyOf"):
            tried = [list(self.faults(one, value, at)) for one in cast("list[Json]", schema.get(key, []))]
            if tried and all(tried):
                yield from min(tried, key=len)

    def _members(self, schema: Json, value: Json, at: str) -> Iterator[str]:
        properties = cast(Json, schema.get("properties", {}))
        for key in cast("list[str]", schema.get("required", [])):
            if key not in value:
                yield f"{at}.{key}: missing"
        for key, one in value.items():
            if key in properties:
                yield from self.faults(properties[key], one, f"{at}.{key}")
            elif schema.get("additionalProperties") is False:
                yield f"{at}.{key}: not described"

    def _unknown(self, node: object, body: object) -> Iterator[str]:
        """Of a request even a key that nobody would object to, because nobody would read it either."""
        known = cast("Json | None", self.resolved(node).get("properties"))
        if isinstance(body, dict) and known is not None:
            yield from (f"{key}: not described" for key in cast(Json, body) if key not in known)


def _schema(holder: Json) -> Json | None:
    content = cast("dict[str, Json]", holder.get("content", {}))
    for kind, media in content.items():
        if "json" in kind:
            return cast("Json | None", media.get("schema"))
    return None


def _scalar(schema: Json, value: object, at: str) -> Iterator[str]:
    if "enum" in schema and value not in cast(list[object], schema["enum"]):
        yield f"{at or 'it'}: expected one of {schema['enum']}, found {value!r}"
    if isinstance(value, str):
        yield from _text(schema, value, at)
    if isinstance(value, int | float) and not isinstance(value, bool):
        least, most = cast(float, schema.get("minimum", value)), cast(float, schema.get("maximum", value))
        if not least <= value <= most:
            yield f"{at}: expected {least} to {most}, found {value}"


def _text(schema: Json, value: str, at: str) -> Iterator[str]:
    if schema.get("format") == "date-time" and not _is_instant(value):
        yield f"{at}: expected an instant, found {value!r}"
    if schema.get("format") == "uri" and "://" not in value:
        yield f"{at}: expected an address, found {value!r}"
    least, most = (cast(int, schema.get(name, len(value))) for name in ("minLength", "maxLength"))
    if not least <= len(value) <= most:
        yield f"{at}: expected {least} to {most} characters, found {len(value)}"
    if re.search(str(schema.get("pattern", "")), value) is None:
        yield f"{at}: expected {schema['pattern']}, found {value!r}"


def _is_instant(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _sample(schema: Json, hint: str) -> object:
    if "enum" in schema:
        return cast(list[object], schema["enum"])[0]
    match schema.get("type"):
        case "array":
            return []
        case "boolean":
            return False
        case "integer" | "number":
            return schema.get("minimum", 1)
        case _:
            formats = {
                "date-time": "2026-01-01T00:00:00Z",
                "uri": f"http://127.0.0.1/{hint}",
                "email": "a@b.test",
            }
            is_sha = "{40}" in str(schema.get("pattern", ""))
            return "0" * 40 if is_sha else formats.get(str(schema.get("format")), hint)


def _typed(schema: Json, text: str) -> object:
    """A value of the query, which is text, as what the schema expects."""
    if schema.get("type") in ("integer", "number") and text.lstrip("-").isdecimal():
        return int(text)
    return text in ("true", "1") if schema.get("type") == "boolean" else text
