"""A stand-in for a gateway: a port of this machine that obeys the weights of an HTTPRoute, and says so.

The definition of HTTPRoute is as small as ours lets it be, with the lists as the published one has them:
each is one field for whoever manages it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import cast

import httpx

from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kubernetes.front import ready
from tests.servers.kubernetes.pods import Json
from tools.traffic import Traffic

PAUSE = 0.1  # seconds between two looks
GROUP = "gateway.networking.k8s.io"
_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "integer"}
_FREE: Json = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _object(required: tuple[str, ...] = (), **fields: Json) -> Json:
    return {"type": "object", "properties": fields, **({"required": list(required)} if required else {})}


def _list(items: Json, most: int = 16, **more: object) -> Json:
    kind = "x-kubernetes-list-type"
    return {"type": "array", "items": items, "maxItems": most, kind: "atomic", **more}


_MATCH = _object(
    path=_object(type={**_TEXT, "default": "PathPrefix"}, value={**_TEXT, "default": "/"}),
)
_BACKEND = _object(
    ("name",),
    group={**_TEXT, "default": ""},
    kind={**_TEXT, "default": "Service"},
    name=_TEXT,
    namespace=_TEXT,
    port={**_NUMBER, "minimum": 1, "maximum": 65535},
    weight={**_NUMBER, "default": 1, "minimum": 0, "maximum": 1_000_000},
)
_ANY = [{"path": {"type": "PathPrefix", "value": "/"}}]
_RULE = _object(matches=_list(_MATCH, 64, default=_ANY), filters=_list(_FREE), backendRefs=_list(_BACKEND))
_SPEC = _object(
    parentRefs=_list(_object(("name",), name=_TEXT, namespace=_TEXT), 32),
    hostnames=_list(_TEXT),
    rules=_list(_RULE, minItems=1),
)
_STATUS = _object(("parents",), parents=_list(_FREE, 32))
DEFINITION: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": f"httproutes.{GROUP}",
        "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api"},
    },
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"kind": "HTTPRoute", "plural": "httproutes", "singular": "httproute"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": _object(("spec",), spec=_SPEC, status=_STATUS)},
            }
        ],
    },
}


async def define(cluster: Cluster) -> None:
    """Have the cluster know what an HTTPRoute is."""
    with cluster.client() as client:
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        told = client.post(path, json=DEFINITION)
        if told.status_code != 409:
            told.raise_for_status()
        async with asyncio.timeout(60):
            while not client.get(f"/apis/{GROUP}/v1/httproutes").is_success:
                await asyncio.sleep(0.1)


def backends(*names: str, port: int = 8080, **weights: int) -> Json:
    """A rule that shares all requests among Services; a weight is by the end of a name."""
    told = [{"name": one, "port": port, "weight": weights.get(one.rpartition("-")[2], 0)} for one in names]
    return {"backendRefs": told}


def make_route(
    cluster: Cluster, namespace: str, name: str, *rules: Json, manager: str = "orchestrate"
) -> None:
    """Apply a route as `manager`, whatever others think of it."""
    path = f"/apis/{GROUP}/v1/namespaces/{namespace}/httproutes/{name}"
    body = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name},
        "spec": {"parentRefs": [{"name": "front"}], "hostnames": ["shop.example"], "rules": list(rules)},
    }
    with cluster.client() as client:
        asked = {"fieldManager": manager, "force": "true"}
        headers = {"content-type": "application/apply-patch+yaml"}
        client.patch(path, params=asked, json=body, headers=headers).raise_for_status()


def route_of(cluster: Cluster, namespace: str, name: str) -> Json:
    """The route as it is."""
    with cluster.client() as client:
        path = f"/apis/{GROUP}/v1/namespaces/{namespace}/httproutes/{name}"
        return cast("Json", client.get(path).raise_for_status().json())


@asynccontextmanager
async def gateway(cluster: Cluster, namespace: str, route: str, router: Traffic) -> AsyncGenerator[None]:
    """The router obeys the first rule of the route."""
    work = asyncio.create_task(_Gateway(cluster, namespace, route, router).follow())
    try:
        yield
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        await router.stop()


class _Gateway:
    def __init__(self, cluster: Cluster, namespace: str, route: str, router: Traffic) -> None:
        self._cluster, self._namespace, self._router = cluster, namespace, router
        self._path = f"/apis/{GROUP}/v1/namespaces/{namespace}/httproutes/{route}"
        self._known: object = None
        self._told = 0  # the generation that was told last

    async def follow(self) -> None:
        with self._cluster.client() as client:
            while True:
                await self._look(client)
                await asyncio.sleep(PAUSE)

    async def _look(self, client: httpx.Client) -> None:
        asked = await asyncio.to_thread(client.get, self._path)
        if not asked.is_success:
            return
        route = cast("Json", asked.json())
        weights = _weights(route)
        servers = {
            slot: await asyncio.to_thread(ready, client, self._namespace, name)
            for name, slot in ((name, name.rpartition("-")[2]) for name in weights)
        }
        table = {slot: found for slot, found in servers.items() if found}
        shares = _shares({name.rpartition("-")[2]: share for name, share in weights.items()}, table)
        if (table, shares) != self._known:
            await self._router.route(table, shares)
            self._known = (table, shares)
        await self._tell(client, route, weights)

    async def _tell(self, client: httpx.Client, route: Json, weights: Mapping[str, int]) -> None:
        generation = cast("int", cast("Json", route["metadata"])["generation"])
        if generation == self._told:
            return
        path = f"/api/v1/namespaces/{self._namespace}/services"
        missing = [
            name for name in weights if not (await asyncio.to_thread(client.get, f"{path}/{name}")).is_success
        ]
        conditions = [
            _condition("Accepted", "the route is taken", generation, is_so=True),
            _condition("ResolvedRefs", f"not found: {' '.join(missing)}", generation, is_so=not missing),
        ]
        parents = [{"parentRef": {"name": "front"}, "controllerName": "test/front", "conditions": conditions}]
        headers = {"content-type": "application/merge-patch+json"}
        body = {"status": {"parents": parents}}
        told = await asyncio.to_thread(client.patch, f"{self._path}/status", json=body, headers=headers)
        self._told = generation if told.is_success and not missing else 0


def _condition(kind: str, message: str, generation: int, *, is_so: bool) -> Json:
    return {
        "type": kind,
        "status": "True" if is_so else "False",
        "reason": kind if is_so else "BackendNotFound",
        "message": message,
        "observedGeneration": generation,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }


def _weights(route: Json) -> dict[str, int]:
    rule = cast("list[Json]", cast("Json", route["spec"])["rules"])[0]
    return {
        str(one["name"]): cast("int", one["weight"])
        for one in cast("list[Json]", rule.get("backendRefs", []))
    }


def _shares(weights: Mapping[str, int], table: Mapping[str, object]) -> dict[str, int]:
    """In percent, of those that have anybody to answer."""
    left = {slot: weight for slot, weight in weights.items() if weight and slot in table}
    total = sum(left.values())
    found = {slot: 100 * weight // total for slot, weight in left.items()}
    if found:
        found[next(iter(found))] += 100 - sum(found.values())
    return found
