"""A site: a cluster with a node, and a registry from which its pods' images come."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from orchestrate.models.change import Version
from tests.servers.docker_engine import registry_in
from tests.servers.kubernetes.cluster import Cluster, running
from tests.servers.kubernetes.images import push
from tests.servers.kubernetes.kubelet import node
from tools.provider import Checkout


@dataclass
class Site:
    """Where tests deploy to, each in a namespace of its own."""

    cluster: Cluster
    registry: str
    images: dict[str, Path] = field(default_factory=dict[str, Path])
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def namespace(self) -> str:
        """A new one."""
        name = f"shop-{next(self._numbers)}"
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        with self.cluster.client() as client:
            client.post("/api/v1/namespaces", json=body).raise_for_status()
        return name

    async def publish(self, repository: str, version: Version, checkout: Checkout, tag: str = "") -> str:
        """What continuous integration does: push the version's image; its digest. No tag: the commit."""
        folder = self.cluster.folder / "images" / repository / version.commit
        folder.mkdir(parents=True, exist_ok=True)
        await checkout(version, folder)
        digest = await asyncio.to_thread(push, self.registry, repository, tag or version.commit, folder)
        self.images[digest] = folder
        return digest


@contextmanager
def site() -> Generator[Site]:
    """Everything, until the end."""
    with running() as cluster, registry_in(cluster.folder) as registry:
        made = Site(cluster, registry)
        with node(cluster, made.images):
            yield made
