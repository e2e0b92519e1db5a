"""An app of Container Apps, and a provider that deploys to it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contracts.web_worlds import in_container_apps
from tests.servers.containerapps import APP, GROUP, SUBSCRIPTION, ContainerApps, container_apps
from tests.servers.entra_tokens import SECRET
from tests.servers.openapi import Json
from tests.servers.sample_service import environment
from tests.servers.vendor import Call
from tests.tools.providers.here import OfImages
from tools.providers.containerapps.provider import ContainerAppsProvider
from tools.systems.shown import Habits

HASTY = Habits(again=0.01, shown=1.0, lost=0.3)


@dataclass
class Here(OfImages[ContainerApps]):
    """What a test says, in words."""

    secret: str = SECRET
    habits: Habits = HASTY

    def provider(self, **variables: str) -> ContainerAppsProvider:
        shop = environment(self.root, self.web, secrets=("SECRET",), variables=variables)
        return ContainerAppsProvider(shop, lambda _: self.secret, habits=self.habits)

    @property
    def active(self) -> list[str]:
        """What runs of ours."""
        names = [name for name in self.site.revisions if name != "shop--hello"]
        return [name for name in names if self.site.facts(name)["active"]]

    def patched(self, properties: Json) -> None:
        """Somebody else changes the app, and that is done."""
        params = {"subscription": SUBSCRIPTION, "group": GROUP, "app": APP}
        body: Json = {"location": "West Europe", "properties": properties}
        self.site.patch(Call(params, {}, body), by="eve@shop.example")
        self.site.settle()

    def shared_by_eve(self, weights: dict[str, int]) -> None:
        traffic = [{"revisionName": name, "weight": share} for name, share in weights.items()]
        self.patched({"configuration": {"ingress": {"traffic": traffic}}})


@pytest.fixture
def here(tmp_path: Path) -> Generator[Here]:
    with container_apps() as (site, vendor):
        site.turns = 1
        yield Here(site, vendor, tmp_path / "root", in_container_apps(site))
