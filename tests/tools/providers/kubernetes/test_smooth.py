"""Strategies on real pods behind a Service, under load from outside: nobody's request fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrate.models.environment import CanaryStep, Component, Environment, Strategy
from orchestrate.models.move import Drain, Move, Scale, SetTraffic, Start, Stop
from orchestrate.strategies import moves
from tests.contracts.provider_worlds import in_cluster
from tests.servers.kubernetes.front import front
from tests.servers.kubernetes.site import Site
from tests.servers.live import require
from tests.servers.load import Load
from tests.servers.ports import free_port
from tests.servers.sample_service import checkout, environment, version
from tests.servers.under_load import failures, frequency
from tools.providers.kubernetes.provider import KubernetesProvider
from tools.systems.haproxy import HAProxy

pytestmark = [pytest.mark.kubernetes, pytest.mark.haproxy, pytest.mark.slow, pytest.mark.timeout(240)]

ONE, TWO = version("v1"), version("v2")
OURS = (Start, Scale, SetTraffic, Drain, Stop)


@dataclass
class Shop:
    """Version one in two pods behind a Service, and what sends requests to it."""

    provider: KubernetesProvider
    place: Environment
    load: Load

    @property
    def web(self) -> Component:
        return self.place.components[0]

    async def planned(self) -> tuple[Move, ...]:
        """The provider's part of the way to version two."""
        running = {"web": await self.provider.running(self.web)}
        return tuple(one for one in moves(self.place, running, TWO, {}) if isinstance(one, OURS))

    async def do(self, some: Sequence[Move]) -> None:
        for move in some:
            await self.provider.apply(self.web, move, lambda _: None)


@asynccontextmanager
async def shop(site: Site, folder: Path, strategy: Strategy) -> AsyncGenerator[Shop]:
    require("haproxy")
    web = in_cluster(site, site.namespace(), instances=2, drain_seconds=5)
    assert web.kubernetes is not None
    where = web.kubernetes.model_copy(update={"pause": 3})
    web = web.model_copy(update={"kubernetes": where})
    halves = (CanaryStep(share=50, seconds=0),)  # one of two instances
    place = environment(folder / "root", web, strategy=strategy, canary=halves)
    provider = KubernetesProvider(place, None)
    port = free_port()
    made = Shop(provider, place, Load(folder / "load", port))
    for one in (ONE, TWO):
        await site.publish("shop", one, checkout())
        await provider.build(web, one, checkout(), lambda _: None)
    first = Start(component="web", slot="blue", version=ONE, instances=2)
    await made.do([first, SetTraffic(component="web", was={}, weights={"blue": 100})])
    router = HAProxy(folder / "front", port=port)
    async with front(site.cluster, where.namespace, "web", router):
        await asyncio.sleep(1)
        await made.load.start()
        try:
            yield made
        finally:
            await made.load.end()
            await provider.stop_all(web)


@pytest.mark.parametrize("strategy", [Strategy.ROLLING, Strategy.BLUE_GREEN, Strategy.CANARY])
async def test_a_way_there_and_back_costs_nobody_a_request(
    kubernetes_site: Site, tmp_path: Path, strategy: Strategy
) -> None:
    async with shop(kubernetes_site, tmp_path, strategy) as here:
        there = await here.planned()
        switched = [one for one in there if not isinstance(one, Drain | Stop)]

        await here.do(there if strategy is Strategy.ROLLING else switched)
        assert (await here.provider.running(here.web)).weights == {"green": 100}
        began = time.monotonic()
        if strategy is Strategy.BLUE_GREEN:
            (switch,) = [one for one in switched if isinstance(one, SetTraffic)]
            await here.do([SetTraffic(component="web", was=switch.weights, weights=switch.was)])
            assert time.monotonic() - began <= 2
            assert (await here.provider.running(here.web)).weights == {"blue": 100}
        await asyncio.sleep(1)
        seen = await here.load.end()

        assert failures(seen) == {"kept": 0, "new": 0, "long": 0}
        assert frequency(seen) >= 50
