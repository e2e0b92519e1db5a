"""Objects: the Deployment of a slot and the Service of a component, as they are applied."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.hosts import Kubernetes
from orchestrate.models.move import Weights
from tools.providers.kubernetes.kubectl import Json

PART, SLOT, TREE = "orchestrate/component", "orchestrate/slot", "orchestrate/tree"
VERSION, SHARES = "orchestrate/version", "orchestrate/shares"
"""Annotations: the version's facts and the asked shares, as JSON. A label could not hold them."""

NOBODY = "nobody"
"""The slot that a Service selects which gives its traffic to no one."""


def deployment_name(component: Component, slot: str) -> str:
    return f"{component.name}-{slot}"


def service_name(component: Component) -> str:
    return kubernetes_of(component).service or component.name


def slot_service_name(component: Component, slot: str) -> str:
    """The Service of one slot alone, to which a router leads."""
    return f"{service_name(component)}-{slot}"


def kubernetes_of(component: Component) -> Kubernetes:
    """Where and how it runs; the settings do not take a component without it."""
    assert component.kubernetes is not None
    return component.kubernetes


def labels_of(component: Component, slot: str) -> dict[str, str]:
    """By which the pods of a slot are found."""
    return {PART: component.name, SLOT: slot}


def deployment(
    component: Component,
    slot: str,
    version: Version,
    instances: int,
    image: str,
    variables: Mapping[str, str],
) -> Json:
    """The Deployment that runs `instances` of a version in a slot, the image by its digest."""
    labels = labels_of(component, slot)
    told = {**labels, TREE: version.tree[:63]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": deployment_name(component, slot),
            "labels": told,
            "annotations": {VERSION: json.dumps(version.model_dump(mode="json"), sort_keys=True)},
        },
        "spec": {
            "replicas": instances,
            "revisionHistoryLimit": 2,
            "progressDeadlineSeconds": component.health.start_seconds + 60,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": told},
                "spec": _pod(component, image, variables),
            },
        },
    }


def service(component: Component, weights: Weights) -> Json:
    """The Service that gives all traffic to one slot, to nobody, or to each instance of several as much.

    What was asked stands beside it: the shares of several are those of their instances.
    """
    slots = tuple(weights) or (NOBODY,)
    selector = {PART: component.name, **({SLOT: slots[0]} if len(slots) == 1 else {})}
    told: Json = {"annotations": {SHARES: json.dumps(weights, sort_keys=True)}}
    return _service(component, service_name(component), selector, told)


def slot_service(component: Component, slot: str) -> Json:
    """The Service that leads to one slot, whatever traffic it gets."""
    return _service(component, slot_service_name(component, slot), labels_of(component, slot), {})


def _service(component: Component, name: str, selector: Mapping[str, str], told: Json) -> Json:
    port = {"name": "http", "port": component.port, "targetPort": kubernetes_of(component).port}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {PART: component.name}, **told},
        "spec": {"selector": dict(selector), "ports": [port]},
    }


def weights_of(found: Json) -> Weights:
    """The shares in force: what the selector names, and among several what was asked."""
    selector = cast("dict[str, str]", cast("Json", found["spec"]).get("selector") or {})
    if SLOT in selector:
        return {} if selector[SLOT] == NOBODY else {selector[SLOT]: 100}
    return _told(found, SHARES, _SHARES) or {} if PART in selector else {}


def version_of(found: Json) -> Version | None:
    """The version that was written beside a Deployment; None where somebody made that another text."""
    return _told(found, VERSION, _VERSION)


_SHARES, _VERSION = TypeAdapter(Weights), TypeAdapter(Version)
T = TypeVar("T")


def _told(found: Json, name: str, form: TypeAdapter[T]) -> T | None:
    """An annotation, which anybody with rights in the namespace may have changed."""
    about = cast("dict[str, dict[str, str]]", found["metadata"])
    try:
        return form.validate_json(about.get("annotations", {}).get(name, ""))
    except ValidationError:
        return None


def _pod(component: Component, image: str, variables: Mapping[str, str]) -> Json:
    settings = kubernetes_of(component)
    found: Json = {
        "terminationGracePeriodSeconds": component.drain_seconds + settings.pause,
        "containers": [_container(component, image, variables)],
    }
    if settings.pull_secret:
        found["imagePullSecrets"] = [{"name": settings.pull_secret}]
    return found


def _container(component: Component, image: str, variables: Mapping[str, str]) -> Json:
    settings = kubernetes_of(component)
    fields = {"HOST": "status.podIP", "INSTANCE": "metadata.name"}
    own: list[Json] = [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in fields.items()
    ]
    found: Json = {
        "name": component.name,
        "image": image,
        "env": [*({"name": name, "value": value} for name, value in sorted(variables.items())), *own],
        "lifecycle": {"preStop": {"sleep": {"seconds": settings.pause}}},
    }
    if settings.secret:
        found["envFrom"] = [{"secretRef": {"name": settings.secret}}]
    if component.run:
        found["command"] = list(component.run)
    if component.memory_limit:
        found["resources"] = {"limits": {"memory": f"{component.memory_limit}Mi"}}
    if component.port:
        found["ports"] = [{"name": "http", "containerPort": settings.port}]
        found["readinessProbe"] = readiness(component)
    return found


def readiness(component: Component) -> Json:
    """The probe that tells the cluster whether a pod is well; it knows a path and no fields."""
    path, port = component.health.path, kubernetes_of(component).port
    probe: Json = {"httpGet": {"path": path, "port": port}} if path else {"tcpSocket": {"port": port}}
    often: Json = {"periodSeconds": 1, "timeoutSeconds": component.health.timeout, "failureThreshold": 2}
    return {**probe, **often}
