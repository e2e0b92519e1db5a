"""Pressure: which nodes say that they run out of disk, memory or processes (G10).

A kubelet says DiskPressure when less than 10 % of its disk is free (`nodefs.available`; 15 % of the one with
the images), unless it was set up otherwise: https://kubernetes.io/docs/concepts/scheduling-eviction/.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import cast

from orchestrate.models.runtime import Resources
from tools.providers.kubernetes.kubectl import Json
from tools.providers.kubernetes.room import Node, has_ended

DISK = "DiskPressure"
PRESSURES = (DISK, "MemoryPressure", "PIDPressure")
NOT_FULL = "below the eviction threshold of its nodes"


def with_pressure(
    found: Resources, nodes: Sequence[Json], pods: Sequence[Json], namespaces: Container[str]
) -> Resources:
    """What is known of the room, and what those nodes say that take pods or have some of `namespaces`.

    Others are left to those whose pods they have: a node under pressure takes none of ours.
    """
    here = {_node_of(pod) for pod in pods if _runs_in(pod, namespaces)}
    all_of_them = [Node.model_validate(one) for one in nodes]
    near = [one for one in all_of_them if one.takes_pods or one.metadata.name in here] or all_of_them
    pressed = [
        f"node {one.metadata.name} is under {what}"
        for one in near
        for what in PRESSURES
        if one.says(what) == "True"
    ]
    is_told = bool(near) and all(one.says(DISK) == "False" for one in near)
    told = {"lacks": (*found.lacks, *pressed), "disk_said": NOT_FULL if is_told else ""}
    return found.model_copy(update=told)


def _runs_in(pod: Json, namespaces: Container[str]) -> bool:
    about = cast("Json", pod.get("metadata") or {})
    return str(about.get("namespace", "")) in namespaces and not has_ended(pod)


def _node_of(pod: Json) -> str:
    return str(cast("Json", pod["spec"]).get("nodeName", ""))
