"""A project of Cloud Run, and a provider that deploys to it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Scale, SetTraffic, Start, Stop, Weights
from tests.contracts.web_worlds import IMPATIENT, in_cloud_run
from tests.servers.cloudrun import CloudRun, Kept, cloud_run
from tests.servers.sample_service import checkout, environment, version
from tests.servers.vendor import Call, Vendor
from tools.providers.cloudrun.provider import CloudRunProvider

ONE, TWO = version("v1"), version("v2")


@dataclass
class Here:
    """What a test says, in words."""

    site: CloudRun
    vendor: Vendor
    root: Path
    web: Component
    said: list[str] = field(default_factory=list[str])

    def provider(self, **variables: str) -> CloudRunProvider:
        shop = environment(self.root, self.web, secrets=("KEY",), variables=variables)
        return CloudRunProvider(shop, lambda _: self.site.account.key, habits=IMPATIENT)

    @property
    def kept(self) -> Kept:
        return self.site.services["shop"]

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
        await self.start("green", TWO)

    async def weights(self) -> Weights:
        return (await self.provider().running(self.web)).weights

    def patched(self, body: dict[str, object], mask: str) -> None:
        """Somebody else changes the service, and that is done."""
        params = {"project": "shop-1", "location": "europe-west1", "service": "shop"}
        self.site.patch(Call(params, {"updateMask": mask}, body), by="eve@shop.example")
        self.site.settle()


@pytest.fixture
def here(tmp_path: Path) -> Generator[Here]:
    with cloud_run() as (site, vendor):
        yield Here(site, vendor, tmp_path / "root", in_cloud_run(site))
