"""Files: a compose file as compose itself understands it, and what is made of it; values, no actions."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import cast

from orchestrate.errors import BuildFailed
from tools.providers.docker.containers import Order, labels_of, words_of
from tools.providers.fleet.health import HOST

Words = dict[str, object]
USUAL = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
OURS = ("build", "ports", "expose", "container_name", "scale", "deploy", "restart", "image", "labels")
"""What a service says of itself that a deployment decides instead."""


def service_of(document: Words, name: str) -> Words:
    """One service. Raises BuildFailed, naming those that there are."""
    services = _words(document, "services")
    found = services.get(name)
    if not isinstance(found, dict):
        known = ", ".join(sorted(services))
        raise BuildFailed(f"the compose file has no service {name!r} (it has {known})", cure="name `service`")
    return cast(Words, found)


def building(document: Words, name: str, tag: str) -> Words:
    """The document with this service alone, built under the tag."""
    build = service_of(document, name)["build"]
    return _document(document, {name: {"build": build, "image": tag}})


def running(document: Words, name: str, order: Order, place: str, others: Collection[str] = ()) -> Words:
    """The document with one instance more: the service as it is ordered, in a slot of its own.

    Variables are named and not told: compose takes their values from its own environment. The service
    waits for none of the `others`, which are deployed by themselves.
    """
    service = service_of(document, name)
    one: Words = {key: value for key, value in service.items() if key not in OURS}
    if "depends_on" in one:
        one["depends_on"] = _waits(one["depends_on"], others)
    one |= {
        "image": order.image,
        "labels": labels_of(order, place),
        "restart": "unless-stopped",
        "environment": _environment(service, order.environment),
        "networks": _networks(service, name),
    }
    if "network_mode" in one:
        del one["networks"]
    if order.port:
        inner = order.component.compose.port if order.component.compose else 0
        one["ports"] = [f"{HOST}:{order.port}:{inner}"]
    if order.component.run:
        one["command"] = words_of(order)
    if order.component.memory_limit:
        one["mem_limit"] = one["memswap_limit"] = f"{order.component.memory_limit}m"
    rest = {key: value for key, value in _words(document, "services").items() if key != name}
    return _document(document, {**rest, instance_of(name, order): one})


def instance_of(name: str, order: Order) -> str:
    """How an instance is called among the services."""
    return f"{name}-{order.id}"


def text_of(document: Words) -> str:
    """JSON, which is YAML, too."""
    return json.dumps(document, indent=1)


def _waits(own: object, others: Collection[str]) -> object:
    if isinstance(own, dict):
        return {key: value for key, value in cast(Words, own).items() if key not in others}
    return [one for one in cast("list[object]", own) if one not in others]


def _environment(service: Words, variables: Mapping[str, str]) -> Words:
    own = service.get("environment")
    found: Words = {}
    if isinstance(own, dict):
        found |= cast(Words, own)
    if isinstance(own, list):
        pairs = (str(one).partition("=") for one in cast("list[object]", own))
        found |= {key: value if sign else None for key, sign, value in pairs}
    return {**found, **dict.fromkeys(variables)}


def _networks(service: Words, name: str) -> Words:
    """Those of the service, in each of which its instances answer to its name."""
    own = service.get("networks") or ["default"]
    each = (
        cast("dict[str, Words | None]", own)
        if isinstance(own, dict)
        else dict.fromkeys(cast("list[str]", own))
    )
    return {
        network: {**(words or {}), "aliases": [*cast("list[str]", (words or {}).get("aliases", [])), name]}
        for network, words in each.items()
    }


def _document(document: Words, services: Words) -> Words:
    return {**{key: value for key, value in document.items() if key != "name"}, "services": services}


def _words(document: Words, key: str) -> Words:
    found = document.get(key)
    return cast(Words, found) if isinstance(found, dict) else {}
