"""The JSON schema of orchestrate.yaml, for editors: made from the facts, in the words of the file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from pydantic import BaseModel

from orchestrate.models.environment import Channel, Environment, Person
from orchestrate.models.task import Queue
from orchestrate.settings.facts import (
    DeployerSettings,
    ForgeSettings,
    McpSettings,
    MemorySettings,
    ModelSettings,
    ReservationSettings,
    SlackSettings,
    StoreSettings,
    TrackerSettings,
    VaultSettings,
    WebhookSettings,
    WorkerSettings,
)
from orchestrate.settings.forge import CREDENTIALS
from orchestrate.settings.mcp import CREDENTIALS as OF_MCP
from orchestrate.settings.owners import KEYS as OWNED
from orchestrate.settings.sections import Outline
from orchestrate.settings.slack import CREDENTIALS as OF_SLACK
from orchestrate.settings.tracker import CREDENTIALS as TRACKER
from orchestrate.settings.units import (
    DEPLOYER,
    ENVIRONMENT,
    MODELS,
    RESERVATIONS,
    SECONDS,
    WORKER,
    Unit,
    Units,
)
from orchestrate.settings.webhooks import CREDENTIALS as OF_WEBHOOKS
from orchestrate.settings.words import SYNONYMS
from orchestrate.settings.work import CREDENTIALS as OF_RESERVATIONS

Schema = dict[str, object]

_REFERENCE: Schema = {"type": "string", "pattern": r"\$\{"}
_KEPT: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"secret": {"$ref": "#/$defs/Scalar"}},
    "required": ["secret"],
}

SECRET = {
    "forge": CREDENTIALS,
    "slack": OF_SLACK,
    "reservations": OF_RESERVATIONS,
    "mcp": OF_MCP,
    "webhooks": OF_WEBHOOKS,
}
"""What stands in a section without being a setting: it is a secret, or names one."""


def document() -> Schema:
    """The schema as data."""
    definitions: dict[str, Schema] = {"Scalar": {"type": ["string", "number", "boolean"]}}
    sections: tuple[tuple[str, type[BaseModel], Units], ...] = (
        ("store", StoreSettings, {}),
        ("vault", VaultSettings, {}),
        ("tracker", TrackerSettings, {}),
        ("forge", ForgeSettings, {}),
        ("worker", WorkerSettings, WORKER),
        ("slack", SlackSettings, {}),
        ("memory", MemorySettings, {}),
        ("reservations", ReservationSettings, RESERVATIONS),
        ("webhooks", WebhookSettings, {}),
        ("mcp", McpSettings, {}),
    )
    properties = _properties(_fact(Outline, {}, definitions))
    for name, fact, units in sections:
        properties[name] = _partial(_fact(fact, units, definitions))
    for name, credentials in SECRET.items():
        properties[name] = _with_credentials(properties[name], credentials)
    properties["tracker"] = _tracker(properties["tracker"])
    properties["people"] = {"type": "object", "additionalProperties": _person(definitions)}
    properties["owners"] = _closed({key: {"$ref": "#/$defs/Scalar"} for key in OWNED})
    deployer = _partial(_fact(DeployerSettings, DEPLOYER, definitions))
    properties["roles"] = _closed({"deployer": deployer})
    properties["models"] = _models(definitions)
    properties["environments"] = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": _environment(definitions),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "orchestrate.yaml",
        **_closed(properties),
        "required": ["service", "environments"],
        "$defs": definitions,
    }


def text() -> str:
    """The schema as it is kept in orchestrate.schema.json."""
    return json.dumps(document(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _closed(properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _partial(schema: Schema) -> Schema:
    """The same schema, where every key may be left out."""
    return {key: value for key, value in schema.items() if key != "required"}


def _environment(definitions: dict[str, Schema]) -> Schema:
    """An environment's keys: those of its fact, the role's words for them, and the short forms."""
    schema = _fact(Environment, ENVIRONMENT, definitions)
    properties = _properties(schema)
    del properties["name"], properties["service"]
    properties["type"] = {"enum": ["dev", "staging", "production", "prod"]}
    properties["secrets"] = {"type": "object", "additionalProperties": {"anyOf": [_REFERENCE, _KEPT]}}
    durations: Schema = {"type": "object", "additionalProperties": _measured({"type": "integer"}, SECONDS)}
    properties["canary"] = {"anyOf": [properties["canary"], durations]}
    properties |= {word: properties[key] for word, key in SYNONYMS.items()}
    properties["monitoring_period"] = _measured({"type": "integer"}, SECONDS)
    properties["provider"] = _properties(definitions["Component"])["provider"]
    return {**_closed(properties), "required": ["type", "components"]}


def _tracker(schema: Schema) -> Schema:
    properties = _properties(schema)
    names = [queue.value for queue in Queue if queue is not Queue.DEPLOY]
    for section in ("queues", "lists"):
        properties[section] = _closed({name: {"$ref": "#/$defs/Scalar"} for name in names})
    return _with_credentials(schema, TRACKER)


def _models(definitions: dict[str, Schema]) -> Schema:
    """Every key but `key` may be left out, also inside budget and prices."""
    schema = _partial(_fact(ModelSettings, MODELS, definitions))
    for name in ("ModelBudget", "Price"):
        definitions[name].pop("required", None)
    return {**_with_credentials(schema, ("key",)), "required": ["key"]}


def _with_credentials(schema: Schema, names: Iterable[str]) -> Schema:
    """The same section, where each of `names` refers to a variable, or to an environment's vault."""
    kept = _closed({"secret": {"$ref": "#/$defs/Scalar"}, "environment": {"$ref": "#/$defs/Scalar"}})
    kept["required"] = ["secret", "environment"]
    credentials: dict[str, Schema] = {name: {"anyOf": [_REFERENCE, kept]} for name in names}
    return {**schema, "properties": {**credentials, **_properties(schema)}}


def _person(definitions: dict[str, Schema]) -> Schema:
    properties = _properties(_fact(Person, {}, definitions))
    one: Schema = {"$ref": "#/$defs/Scalar"}
    several: Schema = {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
    channels: dict[str, Schema] = {channel.value: several for channel in Channel}
    about = {key: properties[key] for key in ("roles", "bot")}
    return {**_closed(channels | about), "type": ["object", "null"]}


def _fact(fact: type[BaseModel], units: Units, definitions: dict[str, Schema]) -> Schema:
    """The schema of `fact` in human form; what it refers to is added to `definitions`."""
    schema = cast(Schema, fact.model_json_schema())
    inner = cast(dict[str, Schema], schema.pop("$defs", {}))
    for path, unit in units.items():
        _measure(schema, inner, path, unit)
    for name, definition in inner.items():
        definitions.setdefault(name, cast(Schema, _loosened(definition)))
    return cast(Schema, _loosened(schema))


def _properties(schema: Schema) -> dict[str, Schema]:
    return cast(dict[str, Schema], schema["properties"])


def _measure(schema: Schema, definitions: Mapping[str, Schema], path: tuple[str, ...], unit: Unit) -> None:
    """Allow `unit` at `path`."""
    *way, last = path
    for holder in _holders([schema], definitions, way):
        properties = _properties(holder)
        if last in properties:
            properties[last] = _measured(properties[last], unit)


def _holders(found: list[Schema], definitions: Mapping[str, Schema], way: Iterable[str]) -> list[Schema]:
    for part in way:
        steps = [_each(one) if part == "*" else _properties(one)[part] for one in found]
        found = [target for step in steps for target in _targets(cast(Schema, step), definitions)]
    return found


def _each(schema: Schema) -> object:
    return schema["items"] if "items" in schema else schema["additionalProperties"]


def _targets(schema: Schema, definitions: Mapping[str, Schema]) -> list[Schema]:
    choices = cast(list[Schema], schema.get("oneOf") or schema.get("anyOf") or [schema])
    names = [str(choice.get("$ref", "")).rsplit("/", 1)[-1] for choice in choices]
    return [definitions[name] if name else choice for name, choice in zip(names, choices, strict=True)]


def _measured(schema: Schema, unit: Unit) -> Schema:
    if "anyOf" in schema:
        return schema
    written: Schema = {"type": "string", "pattern": unit.pattern, "description": unit.expected}
    return {"anyOf": [{"type": "number", "minimum": 0}, written, _REFERENCE]}


def _loosened(schema: object) -> object:
    """The same schema, where any scalar may be a ${VARIABLE}, and a text may be written as a number."""
    if isinstance(schema, list):
        return [_loosened(item) for item in cast(list[object], schema)]
    if not isinstance(schema, dict):
        return schema
    here = {key: _loosened(value) for key, value in cast(Schema, schema).items() if not _is_noise(key, value)}
    if "enum" in here or here.get("type") in ("integer", "boolean"):
        outside = {key: here.pop(key) for key in ("default", "description") if key in here}
        return {**outside, "anyOf": [here, _REFERENCE]}
    if here.get("type") == "string" and "pattern" not in here and "const" not in here:
        here["type"] = ["string", "number", "boolean"]
    return here


def _is_noise(key: str, value: object) -> bool:
    """Titles repeat names; a default that is no single value is in the units of facts, not of the file."""
    match key:
        case "discriminator":
            return True
        case "title":
            return isinstance(value, str)
        case "default":
            return isinstance(value, dict | list)
        case _:
            return False


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text())
