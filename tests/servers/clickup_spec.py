"""Cuts ClickUp's published description (API v2) down to what is used here; the cut is kept beside this file.

python -m tests.servers.clickup_spec …/openapi-v2.json

The published file speaks OpenAPI 3.1 and is wrong in places, each named in `CORRECTIONS`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

Json = dict[str, object]

OPENAPI = Path(__file__).parent / "clickup_openapi.json"
OPERATIONS = (
    ("get", "/v2/user"),
    ("get", "/v2/team"),
    ("get", "/v2/list/{list_id}"),
    ("get", "/v2/list/{list_id}/field"),
    ("get", "/v2/list/{list_id}/task"),
    ("post", "/v2/list/{list_id}/task"),
    ("get", "/v2/task/{task_id}"),
    ("put", "/v2/task/{task_id}"),
    ("get", "/v2/task/{task_id}/comment"),
    ("post", "/v2/task/{task_id}/comment"),
    ("put", "/v2/comment/{comment_id}"),
    ("delete", "/v2/comment/{comment_id}"),
    ("get", "/v2/comment/{comment_id}/reply"),
    ("post", "/v2/comment/{comment_id}/reply"),
    ("post", "/v2/task/{task_id}/dependency"),
    ("delete", "/v2/task/{task_id}/dependency"),
    ("post", "/v2/task/{task_id}/tag/{tag_name}"),
    ("delete", "/v2/task/{task_id}/tag/{tag_name}"),
    ("post", "/v2/team/{team_id}/webhook"),
    ("get", "/v2/team/{team_id}/webhook"),
)
_NOISE = ("description", "example", "examples", "summary", "tags", "title", "contentEncoding", "security")
_NOISE_TOO = ("contentMediaType", "style", "explode", "operationId", "headers", "x-stoplight", "format")
_ANY: Json = {}
_OBJECTS: Json = {"type": "array", "items": {"type": "object"}}
_COMMENT: Json = {"type": "array", "items": {"type": "object", "required": [], "properties": {}}}

PROPERTIES: Mapping[str, Json] = {
    "assignees": _OBJECTS,  # said to be texts; they are objects
    "watchers": _OBJECTS,
    "checklists": _OBJECTS,
    "tags": _OBJECTS,
    "reactions": _OBJECTS,
    "time_estimate": _ANY,  # said to be texts; they are milliseconds or null
    "time_spent": _ANY,
    "value": _ANY,  # of a custom field: its form is that of the field's kind
}
"""What is wrong wherever it stands in an answer."""


def openapi(whole: Json) -> Json:
    """The operations above, with what they refer to in its place, without the prose."""
    paths: dict[str, Json] = {}
    for verb, path in OPERATIONS:
        operation = cast("dict[str, Json]", cast(Json, whole["paths"])[path])[verb]
        cut = cast(Json, _spare(whole, operation, is_map=False))
        paths.setdefault(path, {})[verb] = _corrected(verb, path, cut)
    return {"openapi": "3.0.0", "info": {"title": "ClickUp API v2, cut"}, "paths": paths}


def _spare(whole: Json, node: object, *, is_map: bool) -> object:
    """`node` in the words of OpenAPI 3.0; in a map of names to schemas every key is a name."""
    if isinstance(node, list):
        return [_spare(whole, one, is_map=False) for one in cast(list[object], node)]
    if not isinstance(node, dict):
        return node
    here = cast(Json, node)
    if "$ref" in here and not is_map:
        return _spare(whole, _target(whole, str(here["$ref"])), is_map=False)
    kept = {
        key: _spare(whole, value, is_map=key == "properties" and not is_map)
        for key, value in here.items()
        if is_map or key not in (*_NOISE, *_NOISE_TOO)
    }
    return kept if is_map else _older(kept)


def _target(whole: Json, reference: str) -> object:
    found = whole
    for part in reference.removeprefix("#/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}")
        found = cast(Json, found[name])
    return found


def _older(schema: Json) -> Json:
    kinds = schema.get("type")
    if isinstance(kinds, list):
        named = [one for one in cast("list[str]", kinds) if one != "null"]
        schema = {**schema, "nullable": True, "type": named[0]}
        if len(named) > 1:
            del schema["type"]
    return schema


def _corrected(verb: str, path: str, operation: Json) -> Json:
    for one in cast("list[Json]", operation.get("parameters", [])):
        schema = cast(Json, one.get("schema", {}))
        if schema.get("type") == "array":  # given once for each of its values
            one["schema"] = schema["items"]
    for answer in cast("dict[str, Json]", operation["responses"]).values():
        _correct(answer)
    for at, correction in CORRECTIONS.items():
        if at[:2] == (verb, path):
            here = operation
            for part in at[2:-1]:
                here = cast(Json, here[part])
            here[at[-1]] = correction
    return operation


def _correct(node: object) -> None:
    if isinstance(node, list):
        for one in cast(list[object], node):
            _correct(one)
    elif isinstance(node, dict):
        here = cast(Json, node)
        properties = here.get("properties")
        if isinstance(properties, dict):
            named = cast("dict[str, Json]", properties)
            named.update({name: said for name, said in PROPERTIES.items() if name in named})
            for name in ("assignee", "assigned_by", "priority", "profilePicture"):  # null where is none
                if name in named:
                    named[name]["nullable"] = True
        for value in here.values():
            _correct(value)


_BODY = ("requestBody", "content", "application/json", "schema")
_ANSWER = ("responses", "200", "content", "application/json", "schema", "properties")
_SAYING: Json = {  # `comment` is documented beside the description (docs/comment-formatting)
    "type": "object",
    "required": ["notify_all"],
    "properties": {
        "comment_text": {"type": "string"},
        "comment": _COMMENT,
        "assignee": {"type": "integer"},
        "group_assignee": {"type": "string"},
        "notify_all": {"type": "boolean"},
    },
}
_TASK, _COMMENTS = "/v2/task/{task_id}", "/v2/task/{task_id}/comment"
CORRECTIONS: Mapping[tuple[str, ...], object] = {
    ("post", _COMMENTS, *_BODY): _SAYING,
    ("post", "/v2/comment/{comment_id}/reply", *_BODY): _SAYING,
    ("post", _COMMENTS, *_ANSWER, "id"): {"type": "integer"},  # said to be a text
    ("get", "/v2/list/{list_id}/task", *_ANSWER, "tasks", "items", "properties", "custom_fields"): _OBJECTS,
    ("put", "/v2/comment/{comment_id}", *_BODY, "required"): [],
    # said to be both required; one and only one is given
    ("delete", "/v2/task/{task_id}/dependency", "parameters"): [
        {"name": name, "in": "query", "schema": {"type": "string"}}
        for name in ("depends_on", "dependency_of")
    ],
    # misspelt as depedency_of
    ("post", "/v2/task/{task_id}/dependency", *_BODY, "properties", "dependency_of"): {"type": "string"},
}

if __name__ == "__main__":
    described = cast(Json, json.loads(Path(sys.argv[1]).read_text()))
    OPENAPI.write_text(json.dumps(openapi(described), separators=(",", ":"), sort_keys=True) + "\n")
