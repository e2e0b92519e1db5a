"""An app of App Platform, in the words of a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from orchestrate.models.change import Version
from orchestrate.models.environment import Strategy
from orchestrate.models.move import Move, Verify
from orchestrate.strategies import rollout
from tests.contracts.web_worlds import IMPATIENT
from tests.servers.digitalocean import DigitalOcean
from tests.servers.openapi import Json
from tests.servers.sample_service import environment
from tests.tools.providers.here import ONE, TWO, OfImages
from tools.providers.digitalocean.provider import DigitalOceanProvider
from tools.systems.shown import Habits

BACK = "/rollback$"


@dataclass
class Here(OfImages[DigitalOcean]):
    """What a test says, in words."""

    habits: Habits = IMPATIENT

    def provider(self) -> DigitalOceanProvider:
        shop = environment(self.root, self.web, secrets=("TOKEN",))
        return DigitalOceanProvider(shop, lambda _: "token-of-digitalocean", habits=self.habits)

    @property
    def changes(self) -> int:
        """How often the app was asked to become another one."""
        return self.vendor.count("PUT", "/v2/apps/") + self.vendor.count("POST", BACK)

    async def serving(self) -> None:
        """Version one serves, and version two can take its place."""
        await self.build(ONE)
        await self.build(TWO)
        await self.start()
        await self.share({"blue": 100})

    async def plan(self, version: Version) -> list[Move]:
        """What brings the version in, by the one strategy that there is."""
        shop = environment(self.root, self.web, strategy=Strategy.ROLLING)
        moves = rollout(self.web, shop, await self.running(), version)
        return [one for one in moves if not isinstance(one, Verify)]

    def image(self) -> Json:
        """What the app runs now."""
        spec = cast("Json", self.site.deployments[self.site.active]["spec"])
        return cast("Json", self.site.web(spec)["image"])
