"""A stand-in for kube-proxy: a port of this machine that leads to whatever a Service's endpoints are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import cast

import httpx

from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kubernetes.pods import Json
from tools.traffic import Traffic

LABEL = "kubernetes.io/service-name"
PAUSE = 0.05  # seconds between two looks


@asynccontextmanager
async def front(
    cluster: Cluster, namespace: str, service: str, router: Traffic, slot: str = "ready"
) -> AsyncGenerator[None]:
    """The router gives each ready endpoint as much as any other, as kube-proxy does; it calls them `slot`."""
    work = asyncio.create_task(_follow(cluster, namespace, service, router, slot))
    try:
        yield
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        await router.stop()


async def _follow(cluster: Cluster, namespace: str, service: str, router: Traffic, slot: str) -> None:
    known: tuple[str, ...] | None = None
    with cluster.client() as client:
        while True:
            found = await asyncio.to_thread(ready, client, namespace, service)
            if found != known:
                await router.route({slot: found} if found else {}, {slot: 100} if found else {})
                known = found
            await asyncio.sleep(PAUSE)


def ready(client: httpx.Client, namespace: str, service: str) -> tuple[str, ...]:
    """The addresses of the Service's endpoints that are ready."""
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    asked = client.get(path, params={"labelSelector": f"{LABEL}={service}"})
    addresses: set[str] = set()
    for one in cast("list[Json]", asked.raise_for_status().json()["items"]):
        ports = cast("list[Json] | None", one.get("ports")) or []
        for endpoint in cast("list[Json] | None", one.get("endpoints")) or []:
            if cast("Json", endpoint.get("conditions", {})).get("ready"):
                where = cast("list[str]", endpoint["addresses"])[0]
                addresses |= {f"{where}:{port['port']}" for port in ports}
    return tuple(sorted(addresses))
