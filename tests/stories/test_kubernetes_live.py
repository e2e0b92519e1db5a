"""A canary through the whole graph, on a real control plane behind an HTTPRoute, under load from outside."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrate.models.deployment import Deployment, Outcome
from orchestrate.places import router
from tests.servers.kubernetes.gateway import backends, define, gateway, make_route
from tests.servers.kubernetes.site import Site
from tests.servers.live import Live, does, environment, live, require, web
from tests.servers.load import Counts, Load
from tests.servers.ports import free_port
from tests.servers.under_load import LEAD, OLD, breaks, failures, frequency, page

pytestmark = [pytest.mark.kubernetes, pytest.mark.haproxy, pytest.mark.slow, pytest.mark.timeout(300)]
WATCH = {"period": 40, "sample": 1, "report": 20, "alerts": ["errors"]}
Tell = Callable[[str, object], None]


@dataclass
class Shop:
    """Version one in two pods behind a route, and what sends requests to it."""

    site: Site
    live: Live
    load: Load
    repository: str

    async def publish(self, commit: str) -> None:
        """What continuous integration does with a commit."""
        version = await self.live.app.forge.version(commit)
        await self.site.publish(self.repository, version, self.live.app.forge.checkout, version.tree)

    async def deployed(self, behaviour: Mapping[str, str]) -> tuple[Deployment, dict[str, Counts]]:
        """A change whose image is in the registry, brought to production under load."""
        change = await self.live.change("work", behaviour)
        await self.publish((await self.live.app.forge.change(change)).head)
        row = await self.live.run(await self.live.request(change=change))
        await asyncio.sleep(LEAD)
        return row, await self.load.end()


@asynccontextmanager
async def shop(site: Site, folder: Path, **words: object) -> AsyncGenerator[Shop]:
    require("haproxy")
    await define(site.cluster)
    namespace, port = site.namespace(), free_port()
    make_route(site.cluster, namespace, "shop", backends("web-blue", "web-green", port=port, blue=1))
    here = {
        "image": f"{site.registry}/{namespace}:{{tree}}",
        "namespace": namespace,
        "kubeconfig": str(site.cluster.kubeconfig()),
        "port": 8000,
        "pause": 2,
        "route": "shop",
    }
    run = [sys.executable, "-S", "live_service.py", "8000"]
    part = web(
        port, provider="kubernetes", traffic="haproxy", run=run, metrics={"kind": "endpoint"}, kubernetes=here
    )
    given = environment(port, url=f"http://127.0.0.1:{port}", components=[part], **words)
    async with live(folder, {"production": given}, does(), begins=False) as made:
        place = made.place().environment
        front = router(place, place.components[0])  # where the story looks for the shares in force
        found = Shop(site, made, Load(folder / "load", port), namespace)
        async with gateway(site.cluster, namespace, "shop", front):
            await found.publish(made.first)
            await made.begin()
            await found.load.start()
            await asyncio.sleep(LEAD)
            try:
                yield found
            finally:
                await found.load.end()


async def test_a_healthy_canary_behind_a_route_costs_nobody_a_request(
    folder: Path, kubernetes_site: Site, record_property: Tell
) -> None:
    async with shop(kubernetes_site, folder) as here:
        row, seen = await here.deployed(does(page="Hello again"))

        assert row.outcome is Outcome.DEPLOYED, here.live.told(row.id)
        _tell(record_property, requests=sum(one.requests for one in seen.values()), rate=frequency(seen))
        assert failures(seen) == {"kept": 0, "new": 0, "long": 0}
        assert frequency(seen) >= 50
        assert [weights for _, weights in here.live.weights if len(weights) == 2] == [
            {"blue": 70, "green": 30},
            {"blue": 40, "green": 60},
        ]
        assert await page(here.live) == {"Hello again"}


async def test_a_bad_canary_behind_a_route_is_gone_within_half_a_minute_and_its_traffic_within_two_seconds(
    folder: Path, kubernetes_site: Site, record_property: Tell
) -> None:
    steps = [{"share": "50 %", "seconds": 60}]
    async with shop(kubernetes_site, folder, canary=steps, monitoring=WATCH) as here:
        row, seen = await here.deployed(does("errors", bad_share=0.05))

        assert row.outcome is Outcome.ROLLED_BACK, here.live.told(row.id)
        first = next(at for at, weights in here.live.weights if set(weights) - set(OLD))
        (verdict,) = [one for one in here.live.events(row.id, "verdict") if one.data["verdict"] == "fail"]
        back = next(at for at, weights in here.live.weights if at > verdict.at and weights == OLD)
        (undo,) = [one for one in here.live.events(row.id, "undo") if "traffic blue 100 %" in one.text]
        _tell(record_property, restored=back - first, rate=frequency(seen))
        _tell(record_property, since_verdict=back - verdict.at, switched=back - undo.at)
        assert back - first <= 30
        assert back - undo.at <= 2
        assert frequency(seen) >= 50
        assert breaks(seen) == {"kept": 0, "new": 0, "long": 0}
        assert seen["long"].failed == 0
        assert await page(here.live) == {"Hello"}


def _tell(record: Tell, **numbers: float) -> None:
    """The measured numbers, for the report and for `pytest -rP`."""
    for name, value in numbers.items():
        record(name, value)
        sys.stdout.write(f"{name}: {value:.2f}\n")
