"""Resources: what the clusters of one environment tell of the room for what is to start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from orchestrate.errors import AccessDenied
from orchestrate.models.environment import Component, Environment
from orchestrate.models.runtime import Resources
from orchestrate.strategies import SLOTS
from tools.providers.kubernetes.complaints import KindUnknown
from tools.providers.kubernetes.kubectl import Json, Kind, Kubectl
from tools.providers.kubernetes.objects import deployment_name, kubernetes_of
from tools.providers.kubernetes.owners import claims
from tools.providers.kubernetes.pressure import with_pressure
from tools.providers.kubernetes.room import in_quotas, needs, on_nodes

Asking = Callable[[Component], Kubectl]
CURE = (
    "let it list nodes, and pods of all namespaces (docs/providers/kubernetes.md), "
    "or go by the quota alone: kubernetes: {room: quota}"
)


async def resources(environment: Environment, asking: Asking) -> Resources:
    """The fullest cluster, and everything that finds no room. Raises Unreachable, AccessDenied."""
    parts = [part for part in environment.components if part.provider == "kubernetes"]
    by_place: dict[tuple[Path | None, str, str], list[Component]] = {}
    by_cluster: dict[tuple[Path | None, str], list[Component]] = {}
    for part in parts:
        own = kubernetes_of(part)
        by_place.setdefault((own.kubeconfig, own.context, own.namespace), []).append(part)
        if own.room == "nodes":
            by_cluster.setdefault((own.kubeconfig, own.context), []).append(part)
    quotas = [await _quotas(environment, some, asking) for some in by_place.values()]
    nodes = [await _nodes(environment, some, asking) for some in by_cluster.values()]
    is_disk_told = bool(nodes) and all(one.disk_said for one in nodes)
    return Resources(
        disk_said=nodes[0].disk_said if is_disk_told else "",
        memory=max((one.memory for one in nodes if one.memory is not None), default=None),
        cpu=max((one.cpu for one in nodes if one.cpu is not None), default=None),
        lacks=tuple(words for some in (*quotas, *(one.lacks for one in nodes)) for words in some),
        headroom=True,
    )


async def _quotas(environment: Environment, some: Sequence[Component], asking: Asking) -> tuple[str, ...]:
    kubectl = asking(some[0])
    steering = [one for kind in (Kind.ROLLOUT, Kind.CANARY) for one in await _told(kubectl, kind)]
    names = [deployment_name(part, slot) for part in some if not kubernetes_of(part).owner for slot in SLOTS]
    return (*in_quotas(await kubectl.every(Kind.QUOTA), needs(environment, some)), *claims(steering, names))


async def _told(kubectl: Kubectl, kind: Kind) -> list[Json]:
    """None where the cluster does not know or show them: the marks of those that they own are seen anyway."""
    try:
        return await kubectl.every(kind)
    except (KindUnknown, AccessDenied):
        return []


async def _nodes(environment: Environment, some: Sequence[Component], asking: Asking) -> Resources:
    kubectl = asking(some[0])
    try:
        nodes, pods = await asyncio.gather(kubectl.every(Kind.NODE), kubectl.every(Kind.POD, everywhere=True))
    except AccessDenied as denied:
        raise AccessDenied(str(denied), cure=CURE) from denied
    room = on_nodes(nodes, pods, needs(environment, some))
    return with_pressure(room, nodes, pods, {kubernetes_of(part).namespace for part in some})
