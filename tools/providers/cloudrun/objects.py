"""Objects: the template from which a revision of a slot is made, and what stands beside it."""

from __future__ import annotations

import json
from typing import cast

from pydantic import TypeAdapter, ValidationError

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.hosts import CloudRun
from tools.providers.cloudrun.answers import Revision
from tools.providers.fleet.variables import listed
from tools.providers.revisions import Wish
from tools.systems.web_api import Json

SLOT, VERSION, VARIABLES = "orchestrate/slot", "orchestrate/version", "orchestrate/variables"
"""Annotations of a revision: its slot, its version as JSON, and the names of the variables that are ours."""

PROBED = 240  # seconds in which Cloud Run lets a program start, at most
_VERSION = TypeAdapter(Version)


def cloudrun_of(component: Component) -> CloudRun:
    """Where and how it runs; the settings do not take a component without it."""
    assert component.cloudrun is not None
    return component.cloudrun


def service_name(component: Component) -> str:
    return cloudrun_of(component).service or component.name


def wished(wish: Wish) -> str:
    """How the name of its revision begins."""
    part = wish.component
    how = wish.fingerprint(
        part.run, part.memory_limit, part.health.model_dump(mode="json"), cloudrun_of(part).port
    )
    return f"{service_name(part)}-{how}"


def parent_of(component: Component) -> str:
    own = cloudrun_of(component)
    return f"projects/{own.project}/locations/{own.region}"


def template(wish: Wish, usual: Json, name: str) -> Json:
    """The service's own template, with the version in it: what others set there stays."""
    notes = cast("dict[str, str]", usual.get("annotations") or {})
    containers = cast("list[Json]", usual.get("containers") or [{}])
    served = next((one for one in containers if one.get("ports")), containers[0])
    dropped = notes.get(VARIABLES, "").split(",")
    scaling = {**cast(Json, usual.get("scaling") or {}), "minInstanceCount": wish.instances}
    return {
        **usual,
        "revision": name,
        "annotations": {
            **notes,
            SLOT: wish.slot,
            VERSION: json.dumps(wish.version.model_dump(mode="json"), sort_keys=True),
            VARIABLES: ",".join(sorted(wish.variables)),
        },
        "scaling": scaling,
        "containers": [_container(wish, one, dropped) if one is served else one for one in containers],
    }


def version_of(found: Revision) -> Version | None:
    """The version that was written beside a revision."""
    try:
        return _VERSION.validate_json(found.annotations.get(VERSION, ""))
    except ValidationError:
        return None


def _container(wish: Wish, usual: Json, dropped: list[str]) -> Json:
    part = wish.component
    variables = listed(usual.get("env"), wish.variables, dropped)
    found: Json = {**usual, "image": wish.image, "env": variables}
    found["ports"] = [{"containerPort": cloudrun_of(part).port}]
    if part.run:
        found["command"] = list(part.run)
    if part.memory_limit:
        found["resources"] = _limited(cast(Json, usual.get("resources") or {}), part.memory_limit)
    if part.health.path:
        found["startupProbe"] = _probe(part)
    return found


def _limited(usual: Json, memory: int) -> Json:
    return {**usual, "limits": {**cast(Json, usual.get("limits") or {}), "memory": f"{memory}Mi"}}


def _probe(part: Component) -> Json:
    """A request that must be answered before the revision counts as ready."""
    period = part.health.timeout
    turns = max(1, min(part.health.start_seconds, PROBED) // period)
    return {
        "httpGet": {"path": part.health.path},
        "periodSeconds": period,
        "timeoutSeconds": period,
        "failureThreshold": turns,
    }
