"""The names of revisions: one that was made before an upgrade of Orchestrate is found after it."""

from __future__ import annotations

from typing import Protocol

import pytest

from orchestrate.models.environment import Component
from orchestrate.models.hosts import CloudRun, ContainerApps
from orchestrate.models.smoke import HealthCheck
from tests.servers.sample_service import component, version
from tools.providers.cloudrun import objects as cloudrun
from tools.providers.containerapps import objects as containerapps
from tools.providers.revisions import Wish

ID = "00000000-0000-0000-0000-000000000001"
IMAGE = f"registry.example/shop@sha256:{'0' * 64}"
MORE: dict[str, object] = {
    "run": ("serve", "--fast"),
    "memory_limit": 256,
    "health": HealthCheck(path="/up", start_seconds=7),
}
RUN: dict[str, object] = {"project": "shop-1", "region": "europe-west1", "key": "KEY"}
APPS: dict[str, object] = {
    "subscription": ID,
    "group": "shop",
    "tenant": ID,
    "client": ID,
    "secret": "SECRET",
}


class Names(Protocol):
    """The objects of a vendor."""

    def wished(self, wish: Wish) -> str: ...


def _on_cloud_run(port: int = 8080, **facts: object) -> Component:
    words = CloudRun.model_validate({"image": IMAGE, "service": "shop", "port": port, **RUN})
    return component(provider="cloudrun", cloudrun=words, **facts)


def _on_container_apps(container: str = "", **facts: object) -> Component:
    words = ContainerApps.model_validate({"image": IMAGE, "app": "shop", "container": container, **APPS})
    return component(provider="containerapps", containerapps=words, **facts)


@pytest.mark.parametrize(
    ("objects", "part", "name"),
    [
        (cloudrun, _on_cloud_run(run=()), "shop-8efcf278"),
        (cloudrun, _on_cloud_run(9000, **MORE), "shop-a3a1f22c"),
        (containerapps, _on_container_apps(run=()), "shop--o06acb9d5"),
        (containerapps, _on_container_apps("web", **MORE), "shop--oee637d5d"),
    ],
)
def test_a_revision_is_named_as_it_always_was(objects: Names, part: Component, name: str) -> None:
    wish = Wish(part, "blue", version("v1"), 2, IMAGE, {"SIZE": "small", "SLOT": "blue"})

    assert objects.wished(wish) == name
