"""A service of Railway, and a provider that deploys to it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrate.models.change import Version
from tests.contracts.web_worlds import in_railway
from tests.servers.openapi import Json
from tests.servers.railway import TOKEN, Railway, railway
from tests.servers.sample_service import environment
from tests.tools.providers.here import OfImages
from tools.providers.railway.provider import RailwayProvider
from tools.systems.shown import Habits

HASTY = Habits(again=0.01, shown=0.5, lost=0.2)


@dataclass
class Here(OfImages[Railway]):
    """What a test says, in words."""

    token: str = TOKEN

    def provider(self) -> RailwayProvider:
        shop = environment(self.root, self.web, url="https://shop.example", secrets=("TOKEN",))
        return RailwayProvider(shop, lambda _: self.token, habits=HASTY)

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
