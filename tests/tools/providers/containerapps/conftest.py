"""An app of Container Apps, and a provider that deploys to it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Scale, SetTraffic, Start, Stop, Weights
from tests.contracts.web_worlds import in_container_apps
from tests.servers.containerapps import APP, GROUP, SUBSCRIPTION, ContainerApps, container_apps
from tests.servers.entra_tokens import SECRET
from tests.servers.openapi import Json
from tests.servers.sample_service import checkout, environment, version
from tests.servers.vendor import Call, Vendor
from tools.providers.containerapps.provider import ContainerAppsProvider
from tools.systems.shown import Habits

ONE, TWO = version("v1"), version("v2")
HASTY = Habits(again=0.01, shown=1.0, lost=0.3)


@dataclass
class Here:
    """What a test says, in words."""

    site: ContainerApps
    vendor: Vendor
    root: Path
    web: Component
    secret: str = SECRET
    habits: Habits = HASTY
    said: list[str] = field(default_factory=list[str])

    def provider(self, **variables: str) -> ContainerAppsProvider:
        shop = environment(self.root, self.web, secrets=("SECRET",), variables=variables)
        return ContainerAppsProvider(shop, lambda _: self.secret, habits=self.habits)

    async def build(self, version: Version, does: str = "serve") -> None:
        self.site.push(f"{self.site.registry}/shop:{version.commit}", does)
        await self.provider().build(self.web, version, checkout(), self.said.append)

    async def start(self, slot: str = "blue", version: Version = ONE, instances: int = 1) -> None:
        move = Start(component="web", slot=slot, version=version, instances=instances)
        await self.provider().apply(self.web, move, self.said.append)

    async def scale(self, slot: str, was: int, instances: int) -> None:
        move = Scale(component="web", slot=slot, version=ONE, was=was, instances=instances)
        await self.provider().apply(self.web, move, self.said.append)

    async def share(self, weights: Weights) -> None:
        move = SetTraffic(component="web", was={}, weights=weights)
        await self.provider().apply(self.web, move, self.said.append)

    async def stop(self, slot: str) -> None:
        move = Stop(component="web", slot=slot, version=ONE, instances=1)
        await self.provider().apply(self.web, move, self.said.append)

    async def both(self) -> None:
        """Version one serves, version two is started beside it."""
        await self.build(ONE)
        await self.build(TWO)
        await self.start()
        await self.share({"blue": 100})
        await self.start("green", TWO)

    async def weights(self) -> Weights:
        return (await self.provider().running(self.web)).weights

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
