"""A stand-in for a metrics server: what is told of a pod lies in the cluster as the test wrote it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kubernetes.pods import Json

GROUP = "metrics.k8s.io"
PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
DEFINITION: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": f"pods.{GROUP}",
        "annotations": {"api-approved.kubernetes.io": "unapproved, test only"},
    },
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"kind": "PodMetrics", "plural": "pods", "singular": "podmetrics"},
        "versions": [
            {
                "name": "v1beta1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                },
            }
        ],
    },
}


@asynccontextmanager
async def metrics_api(cluster: Cluster) -> AsyncGenerator[None]:
    """Have the cluster know it until the end."""
    with cluster.client() as client:
        client.post(PATH, json=DEFINITION).raise_for_status()
        try:
            async with asyncio.timeout(60):
                while not client.get(f"/apis/{GROUP}/v1beta1/pods").is_success:
                    await asyncio.sleep(0.1)
            yield
        finally:
            client.delete(f"{PATH}/pods.{GROUP}").raise_for_status()
            async with asyncio.timeout(60):
                while client.get(f"/apis/{GROUP}/v1beta1/pods").is_success:
                    await asyncio.sleep(0.1)


def tell(cluster: Cluster, namespace: str, pod: str, labels: dict[str, str], cpu: str, memory: str) -> None:
    """Say what the container of the component `web` takes."""
    body: Json = {
        "apiVersion": f"{GROUP}/v1beta1",
        "kind": "PodMetrics",
        "metadata": {"name": pod, "labels": labels},
        "timestamp": "2026-01-01T00:00:00Z",
        "window": "10s",
        "containers": [{"name": "web", "usage": {"cpu": cpu, "memory": memory}}],
    }
    with cluster.client() as client:
        path = f"/apis/{GROUP}/v1beta1/namespaces/{namespace}/pods"
        client.post(path, json=body).raise_for_status()
