"""A place that publishes builds, in the words of a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import SetTraffic, Start, Weights
from orchestrate.models.runtime import Artifact
from tests.servers.sample_service import checkout, environment, silent, version
from tests.servers.vendor import Vendor
from tools.providers.published import PublishedProvider

ONE, TWO = version("v1"), version("v2")


class Pushes(Protocol):
    """A vendor that is connected with a repository."""

    def push(self, commit: str, does: str = "serve") -> None: ...


V = TypeVar("V", bound=Pushes)


@dataclass
class Here(Generic[V]):
    """What a test says, in words."""

    site: V
    vendor: Vendor
    root: Path
    web: Component
    made: Callable[[Environment], PublishedProvider]
    said: list[str] = field(default_factory=list[str])

    @property
    def provider(self) -> PublishedProvider:
        return self.made(environment(self.root, self.web, secrets=("TOKEN",)))

    async def build(self, version: Version, does: str = "serve") -> Artifact:
        self.site.push(version.commit, does)
        return await self.provider.build(self.web, version, checkout(), self.said.append)

    async def start(self, slot: str = "blue", version: Version = ONE) -> None:
        move = Start(component="web", slot=slot, version=version, instances=1)
        await self.provider.apply(self.web, move, silent)

    async def share(self, weights: Weights, was: Weights | None = None) -> None:
        move = SetTraffic(component="web", was=was or {}, weights=weights)
        await self.provider.apply(self.web, move, self.said.append)

    async def both(self) -> None:
        """Version one serves, version two is started beside it."""
        await self.build(ONE)
        await self.build(TWO)
        await self.start()
        await self.share({"blue": 100})
        await self.start("green", TWO)

    async def weights(self) -> Weights:
        return (await self.provider.running(self.web)).weights
