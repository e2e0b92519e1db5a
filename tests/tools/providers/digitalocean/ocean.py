"""An app of App Platform, in the words of a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Strategy
from orchestrate.models.move import Move, SetTraffic, Start, Stop, Verify, Weights
from orchestrate.models.runtime import Artifact, Running
from orchestrate.strategies import rollout
from tests.contracts.web_worlds import IMPATIENT
from tests.servers.digitalocean import DigitalOcean
from tests.servers.openapi import Json
from tests.servers.sample_service import checkout, environment, version
from tests.servers.vendor import Vendor
from tools.providers.digitalocean.provider import DigitalOceanProvider
from tools.systems.shown import Habits

ONE, TWO, BAD = version("v1"), version("v2"), version("bad")
BACK = "/rollback$"


@dataclass
class Here:
    """What a test says, in words."""

    site: DigitalOcean
    vendor: Vendor
    root: Path
    web: Component
    habits: Habits = IMPATIENT
    said: list[str] = field(default_factory=list[str])

    @property
    def provider(self) -> DigitalOceanProvider:
        shop = environment(self.root, self.web, secrets=("TOKEN",))
        return DigitalOceanProvider(shop, lambda _: "token-of-digitalocean", habits=self.habits)

    @property
    def changes(self) -> int:
        """How often the app was asked to become another one."""
        return self.vendor.count("PUT", "/v2/apps/") + self.vendor.count("POST", BACK)

    async def build(self, version: Version, does: str = "serve") -> Artifact:
        self.site.push(f"{self.site.registry}/shop:{version.commit}", does)
        return await self.provider.build(self.web, version, checkout(), self.said.append)

    async def do(self, move: Move) -> None:
        await self.provider.apply(self.web, move, self.said.append)

    async def start(self, slot: str = "blue", version: Version = ONE, instances: int = 1) -> None:
        await self.do(Start(component="web", slot=slot, version=version, instances=instances))

    async def stop(self, slot: str = "blue", version: Version = ONE) -> None:
        await self.do(Stop(component="web", slot=slot, version=version, instances=1))

    async def share(self, weights: Weights, was: Weights | None = None) -> None:
        await self.do(SetTraffic(component="web", was=was or {}, weights=weights))

    async def serving(self) -> None:
        """Version one serves, and version two can take its place."""
        await self.build(ONE)
        await self.build(TWO)
        await self.start()
        await self.share({"blue": 100})

    async def plan(self, version: Version) -> list[Move]:
        """What brings the version in, by the one strategy that there is."""
        shop = environment(self.root, self.web, strategy=Strategy.RECREATE)
        moves = rollout(self.web, shop, await self.running(), version)
        return [one for one in moves if not isinstance(one, Verify)]

    async def running(self) -> Running:
        return await self.provider.running(self.web)

    def image(self) -> Json:
        """What the app runs now."""
        spec = cast("Json", self.site.deployments[self.site.active]["spec"])
        return cast("Json", self.site.web(spec)["image"])
