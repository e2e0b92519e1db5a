from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Scale, SetTraffic, Start, Stop, Weights
from orchestrate.models.runtime import Instance
from tests.servers.sample_service import checkout, component, environment, silent, version
from tools.provider import Say
from tools.providers.process.instances import belonging_to
from tools.providers.process.provider import ProcessProvider
from tools.traffic import MemoryTraffic


@dataclass
class Shop:
    """A process provider with one component, and short words for its moves."""

    root: Path
    web: Component = field(default_factory=component)
    router: MemoryTraffic = field(default_factory=MemoryTraffic)
    secrets: Callable[[str], str] | None = None
    facts: dict[str, object] = field(default_factory=dict[str, object])

    @property
    def provider(self) -> ProcessProvider:
        """A new one each time: nothing is kept in memory."""
        place = environment(self.root, self.web, **self.facts)
        return ProcessProvider(place, self.secrets, lambda _: self.router, stop_seconds=2)

    async def build(self, does: str = "serve", say: Say = silent) -> Version:
        made = version("v1", does)
        await self.provider.build(self.web, made, checkout(does), say)
        return made

    async def start(self, slot: str = "blue", instances: int = 1, does: str = "serve") -> None:
        move = Start(component="web", slot=slot, version=await self.build(does), instances=instances)
        await self.provider.apply(self.web, move, silent)

    async def scale(self, instances: int, slot: str = "blue") -> None:
        move = Scale(component="web", slot=slot, version=version("v1", "serve"), was=1, instances=instances)
        await self.provider.apply(self.web, move, silent)

    async def share(self, weights: Weights) -> None:
        await self.provider.apply(self.web, SetTraffic(component="web", was={}, weights=weights), silent)

    async def stop(self, slot: str = "blue") -> None:
        move = Stop(component="web", slot=slot, version=version("v1"), instances=1)
        await self.provider.apply(self.web, move, silent)

    async def instances(self, slot: str = "blue") -> tuple[Instance, ...]:
        found = (await self.provider.running(self.web)).slot(slot)
        return found.instances if found else ()

    async def instance(self, slot: str = "blue") -> Instance:
        (one,) = await self.instances(slot)
        return one

    @property
    def folder(self) -> Path:
        """Where the first instance of blue lives."""
        return self.root / "instances" / "web" / "blue-1"

    def processes(self) -> list[int]:
        """The pids of everything that belongs to an instance."""
        folders = self.root.glob("instances/*/*")
        return [process.pid for folder in folders for process in belonging_to(folder)]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Shop]:
    made = Shop(tmp_path / "root")
    yield made
    await made.provider.stop_all(made.web)
    assert made.processes() == []
