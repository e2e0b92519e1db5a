"""Objects: the template from which a revision of a slot is made, and what is written beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from pydantic import ValidationError

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.fact import Fact
from orchestrate.models.hosts import ContainerApps
from tools.providers.containerapps.answers import App, Revision, Weight
from tools.providers.fleet.variables import listed
from tools.providers.revisions import Part, Parts, Wish, merged
from tools.systems.web_api import Json

NOTE = "ORCHESTRATE"
"""A variable of our container: Azure knows no notes at a revision."""

TURNS, LONGEST = 10, 240
"""How often a probe may fail, and how many seconds apart, at most."""


class Note(Fact):
    """What a revision of ours is; '' and None where nobody can read that any more."""

    slot: str = ""
    version: Version | None = None
    variables: tuple[str, ...] = ()  # names of those that are ours


def containerapps_of(component: Component) -> ContainerApps:
    """Where and how it runs; the settings do not take a component without it."""
    assert component.containerapps is not None
    return component.containerapps


def app_name(component: Component) -> str:
    return containerapps_of(component).app or component.name


def wished(wish: Wish) -> str:
    """How the name of its revision begins."""
    part = wish.component
    how = wish.fingerprint(part.run, part.health.model_dump(mode="json"), containerapps_of(part).container)
    return f"{app_name(part)}--o{how}"


def pinned(app: App, active: Mapping[str, Revision]) -> Parts:
    """What is asked of those that are active, every part by the name of its revision.

    A part that goes to the latest revision would go to the next one by itself, as soon as that is ready.
    """
    latest = app.properties.latest_ready_revision_name
    ingress = app.properties.configuration.ingress
    asked = ingress.traffic if ingress and ingress.traffic else (Weight(latest_revision=True, weight=100),)
    parts = (
        Part(revision=latest if one.latest_revision else one.revision_name, percent=one.weight, tag=one.label)
        for one in asked
    )
    return merged(one for one in parts if one.revision in active)


def sent(parts: Parts) -> list[Json]:
    """As they are sent."""
    return [
        {"revisionName": one.revision, "weight": one.percent, **({"label": one.tag} if one.tag else {})}
        for one in parts
    ]


def template(wish: Wish, app: App, suffix: str) -> Json:
    """The app's own template, with the version in it: what others set there stays."""
    usual = app.properties.template
    containers = cast("list[Json]", usual.get("containers") or [{"name": app_name(wish.component)}])
    name = containerapps_of(wish.component).container or containers[0].get("name")
    ingress = app.properties.configuration.ingress
    port = ingress.target_port if ingress else 0
    return {
        **usual,
        "revisionSuffix": suffix,
        "scale": {**cast(Json, usual.get("scale") or {}), **_scale(usual, wish.instances)},
        "containers": [_container(wish, one, port) if one.get("name") == name else one for one in containers],
    }


def note_of(revision: Revision) -> Note | None:
    """What was written beside a revision; None: it is none of ours."""
    for container in revision.facts.template.containers or ():
        for one in container.env or ():
            if one.get("name") == NOTE:
                return _read(one.get("value") or "")
    return None


def _read(text: str) -> Note:
    try:
        return Note.model_validate_json(text)
    except ValidationError:
        return Note()


def _scale(usual: Json, instances: int) -> Json:
    most = cast(Json, usual.get("scale") or {}).get("maxReplicas")
    is_too_few = isinstance(most, int) and most < instances
    return {"minReplicas": instances, **({"maxReplicas": instances} if is_too_few else {})}


def _container(wish: Wish, usual: Json, port: int) -> Json:
    part = wish.component
    given = cast("list[dict[str, str]]", usual.get("env") or [])
    before = _read(next((one.get("value", "") for one in given if one.get("name") == NOTE), ""))
    note = Note(slot=wish.slot, version=wish.version, variables=tuple(sorted(wish.variables)))
    ours = {**wish.variables, NOTE: note.model_dump_json()}
    found: Json = {**usual, "image": wish.image}
    found["env"] = listed(given, ours, before.variables)
    if part.run:
        found["command"] = list(part.run)
    if part.health.path and port:
        others = [
            one for one in cast("list[Json]", usual.get("probes") or []) if one.get("type") != "Startup"
        ]
        found["probes"] = [*others, _probe(part, port)]
    return found


def _probe(part: Component, port: int) -> Json:
    """A request that must be answered before a replica counts as started."""
    period = min(max(part.health.timeout, -(-part.health.start_seconds // TURNS)), LONGEST)
    return {
        "type": "Startup",
        "httpGet": {"path": part.health.path, "port": port},
        "periodSeconds": period,
        "timeoutSeconds": part.health.timeout,
        "failureThreshold": min(max(1, part.health.start_seconds // period), TURNS),
    }
