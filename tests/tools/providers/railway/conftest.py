"""A service of Railway, and a provider that deploys to it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import SetTraffic, Start, Stop, Weights
from tests.contracts.web_worlds import in_railway
from tests.servers.openapi import Json
from tests.servers.railway import TOKEN, Railway, railway
from tests.servers.sample_service import checkout, environment, version
from tests.servers.vendor import Vendor
from tools.providers.railway.provider import RailwayProvider
from tools.systems.shown import Habits

ONE, TWO = version("v1"), version("v2")
HASTY = Habits(again=0.01, shown=0.5, lost=0.2)


@dataclass
class Here:
    """What a test says, in words."""

    site: Railway
    vendor: Vendor
    root: Path
    web: Component
    token: str = TOKEN
    said: list[str] = field(default_factory=list[str])

    def provider(self) -> RailwayProvider:
        shop = environment(self.root, self.web, url="https://shop.example", secrets=("TOKEN",))
        return RailwayProvider(shop, lambda _: self.token, habits=HASTY)

    async def build(self, version: Version, does: str = "serve") -> None:
        self.site.push(f"{self.site.registry}/shop:{version.commit}", does)
        await self.provider().build(self.web, version, checkout(), self.said.append)

    async def start(self, slot: str = "blue", version: Version = ONE) -> None:
        move = Start(component="web", slot=slot, version=version, instances=1)
        await self.provider().apply(self.web, move, self.said.append)

    async def share(self, weights: Weights, was: Weights | None = None) -> None:
        move = SetTraffic(component="web", was=was or {}, weights=weights)
        await self.provider().apply(self.web, move, self.said.append)

    async def stop(self, slot: str) -> None:
        move = Stop(component="web", slot=slot, version=ONE, instances=1)
        await self.provider().apply(self.web, move, self.said.append)

    async def both(self) -> None:
        """Version two has replaced version one."""
        await self.build(ONE)
        await self.build(TWO)
        await self.start()
        await self.start("green", TWO)

    async def weights(self) -> Weights:
        return (await self.provider().running(self.web)).weights

    @property
    def live(self) -> Json:
        assert self.site.live is not None
        return self.site.live

    def image(self, version: Version) -> str:
        """By its digest, as it is deployed."""
        name = f"{self.site.registry}/shop"
        return f"{name}@{self.site.images[f'{name}:{version.commit}']}"


@pytest.fixture
def here(tmp_path: Path) -> Generator[Here]:
    with railway() as (site, vendor):
        site.turns = 1
        yield Here(site, vendor, tmp_path / "root", in_railway(site))
