"""The premises: the shop's two environments, and the customers of each."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrate.app import App
from orchestrate.demo.counts import TrafficCounts
from orchestrate.demo.generator import Generator
from orchestrate.demo.mix import Mix
from orchestrate.demo.ports import HOST, check_free
from orchestrate.demo.prepare import port_of
from orchestrate.errors import OutsideFailed
from orchestrate.models.runtime import Running
from orchestrate.models.smoke import HealthCheck
from tools.health import check

STAGING_RATE = 5.0
MIXES = {"staging": Mix.STAGING, "production": Mix.PRODUCTION}


@dataclass(frozen=True, kw_only=True)
class Premises:
    """Opens and closes everything that runs beside the worker; customers come as soon as there is a shop."""

    app: App
    rate: float  # requests per second in production

    def url(self, environment: str = "production") -> str:
        return f"http://{HOST}:{port_of(self.app.settings, environment)}"

    async def open(self) -> None:
        """Let the customers come. Raises PortTaken when somebody else is at home."""
        for name in MIXES:
            running = await self.running(name)
            if running is None or not running.weights:
                check_free(port_of(self.app.settings, name))
        for name in MIXES:
            await self._customers(name).start()

    async def close(self) -> TrafficCounts:
        """Let the customers go, then stop the shop and its routers; the counts of production."""
        for name in MIXES:
            await self._customers(name).stop()
        for name in MIXES:
            place = self.app.crew.places(name)
            for component in place.environment.components:
                await place.close(component)
        return self.counts()

    def counts(self) -> TrafficCounts:
        """What production's customers have seen."""
        return self._customers("production").counts()

    async def running(self, environment: str = "production") -> Running | None:
        """What runs there; None when nobody can tell."""
        place = self.app.crew.places(environment)
        try:
            return await place.provider.running(place.environment.components[0])
        except OutsideFailed:
            return None

    async def serves(self) -> bool:
        """Whether production answers."""
        address = self.url().partition("//")[2]
        return (await check(address, HealthCheck(path="/health", timeout=2))).ok

    def _customers(self, environment: str) -> Generator:
        file = self.app.settings.path.parent / f"{environment}.json"
        rate = self.rate if environment == "production" else STAGING_RATE
        return Generator(self.url(environment), file, rate=rate, mix=MIXES[environment])
