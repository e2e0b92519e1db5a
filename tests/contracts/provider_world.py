"""A provider under test, with moves in words, and the versions that it is given."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrate.models.abilities import Ability, abilities_of
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Move
from tests.servers.sample_service import checkout, version
from tools.provider import Hosting, holds

ONE = version("v1")
TWO = version("v2")
BAD = version("bad", does="crash")
RED = version("red", does="red")
Opening = Callable[[pytest.FixtureRequest, Path], AbstractAsyncContextManager["World"]]
DOES = {"bad": "crash", "red": "red"}


@dataclass
class World:
    """A provider, a component of it, and moves in words."""

    provider: Hosting
    web: Component
    lose: Callable[[str], object]  # which version a slot has: nobody can read it any more
    said: list[str] = field(default_factory=list[str])
    crash: str = "crash loop: ended with 3"  # what is said of a program that ends at once

    def needs(self, ability: Ability) -> None:
        """Leave the test out where the provider declares that it cannot."""
        if not abilities_of(self.web).does(ability):
            pytest.skip(f"declared: {self.web.provider} cannot: {ability.name}")

    async def build(self, version: Version) -> None:
        files = checkout(DOES.get(version.name, "serve"))
        await self.provider.build(self.web, version, files, self.said.append)

    async def do(self, move: Move) -> None:
        await self.provider.apply(self.web, move, self.said.append)

    async def holds(self, move: Move) -> bool:
        return holds(move, await self.provider.running(self.web))


def spoiling(root: Path) -> Callable[[str], object]:
    """What makes the record of a slot below `root` unreadable."""
    return lambda slot: (root / "slots" / "web" / f"{slot}.json").write_text('{"version": ')


@dataclass
class Pushed(World):
    """What a version is made of is pushed by others before it is built."""

    push: Callable[[Version, str], object] = field(kw_only=True)

    async def build(self, version: Version) -> None:
        self.push(version, DOES.get(version.name, "serve"))
        await super().build(version)
