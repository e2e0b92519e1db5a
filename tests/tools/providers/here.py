"""What a test says to a provider, whose vendor answers on loopback, in words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Move, Scale, SetTraffic, Start, Stop, Weights
from orchestrate.models.runtime import Artifact, Running
from tests.contracts.provider_world import spoiling
from tests.servers.pushed import Pushed
from tests.servers.sample_service import checkout, version
from tests.servers.vendor import Vendor
from tools.provider import Hosting

ONE, TWO, BAD = version("v1"), version("v2"), version("bad")

S = TypeVar("S")
R = TypeVar("R", bound=Pushed)


@dataclass
class OfVendor(ABC, Generic[S]):
    """A vendor, and the component that is deployed there."""

    site: S
    vendor: Vendor
    root: Path
    web: Component
    said: list[str] = field(default_factory=list[str], kw_only=True)

    @abstractmethod
    def provider(self) -> Hosting:
        """A new one, which knows what is kept below `root`."""

    @abstractmethod
    def push(self, version: Version, does: str) -> None:
        """What a version is made of comes to the vendor."""

    async def build(self, version: Version, does: str = "serve") -> Artifact:
        self.push(version, does)
        return await self.provider().build(self.web, version, checkout(), self.said.append)

    async def do(self, move: Move) -> None:
        await self.provider().apply(self.web, move, self.said.append)

    async def start(self, slot: str = "blue", version: Version = ONE, instances: int = 1) -> None:
        await self.do(Start(component="web", slot=slot, version=version, instances=instances))

    async def scale(self, slot: str, was: int, instances: int) -> None:
        await self.do(Scale(component="web", slot=slot, version=ONE, was=was, instances=instances))

    async def share(self, weights: Weights, was: Weights | None = None) -> None:
        await self.do(SetTraffic(component="web", was=was or {}, weights=weights))

    async def stop(self, slot: str = "blue", version: Version = ONE) -> None:
        await self.do(Stop(component="web", slot=slot, version=version, instances=1))

    async def both(self) -> None:
        """Version one serves, version two is started beside it."""
        await self.build(ONE)
        await self.build(TWO)
        await self.start()
        await self.share({"blue": 100})
        await self.start("green", TWO)

    def spoil(self, slot: str) -> None:
        """Nobody can read the record of the slot any more."""
        spoiling(self.root)(slot)

    async def running(self) -> Running:
        return await self.provider().running(self.web)

    async def weights(self) -> Weights:
        return (await self.running()).weights


class OfImages(OfVendor[R]):
    """A vendor that runs images out of a registry."""

    def push(self, version: Version, does: str) -> None:
        self.site.push_version(version, does)
