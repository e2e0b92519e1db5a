"""Resources: what the clusters of one environment tell of the room for what is to start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from orchestrate.errors import AccessDenied
from orchestrate.models.environment import Component, Environment
from orchestrate.models.runtime import Resources
from tools.providers.kubernetes.kubectl import Kind, Kubectl
from tools.providers.kubernetes.objects import kubernetes_of
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
    return Resources(
        memory=max((one.memory for one in nodes if one.memory is not None), default=None),
        cpu=max((one.cpu for one in nodes if one.cpu is not None), default=None),
        lacks=tuple(words for some in (*quotas, *(one.lacks for one in nodes)) for words in some),
    )


async def _quotas(environment: Environment, some: Sequence[Component], asking: Asking) -> tuple[str, ...]:
    return in_quotas(await asking(some[0]).every(Kind.QUOTA), needs(environment, some))


async def _nodes(environment: Environment, some: Sequence[Component], asking: Asking) -> Resources:
    kubectl = asking(some[0])
    try:
        nodes, pods = await asyncio.gather(kubectl.every(Kind.NODE), kubectl.every(Kind.POD, everywhere=True))
    except AccessDenied as denied:
        raise AccessDenied(str(denied), cure=CURE) from denied
    return on_nodes(nodes, pods, needs(environment, some))
