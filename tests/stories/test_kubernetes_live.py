"""Every strategy through the whole graph, on a real control plane, under load from outside."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrate.models.deployment import Deployment, Outcome
from orchestrate.models.environment import Strategy
from orchestrate.places import router
from tests.servers.kubernetes.front import front
from tests.servers.kubernetes.gateway import backends, define, gateway, make_route
from tests.servers.kubernetes.site import Site
from tests.servers.live import Live, does, environment, live, require, web
from tests.servers.load import Counts, Load
from tests.servers.ports import free_port
from tests.servers.under_load import LEAD, Audience, audience, breaks, failures, frequency, page
from tools.traffic import Traffic

pytestmark = [pytest.mark.kubernetes, pytest.mark.haproxy, pytest.mark.slow, pytest.mark.timeout(300)]
WATCH = {"period": 40, "sample": 1, "report": 20, "alerts": ["errors"]}
HALF = [{"share": "50 %", "seconds": 60}]
SLOW = {"window": 2, "minimum_requests": 20, "response_time_p99": "500ms"}
"""Some of the load takes a second: with these triggers no release is good, and yet no request of it fails."""

LATE = does("late", page="Hello again", late=0.1)
"""Beside an old slot that has such requests, too, a release is bad that is slower, and yet fails none."""

SMOOTH = [Strategy.ROLLING, Strategy.BLUE_GREEN, Strategy.CANARY]
QUIET = {"kept": 0, "new": 0, "long": 0}
Tell = Callable[[str, object], None]


@dataclass
class Shop:
    """Version one in two pods behind a route or a Service, and who sends requests to it."""

    site: Site
    live: Live
    load: Load
    audience: Audience
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

    def times(self, deployment: str) -> dict[str, float]:
        """Seconds until nobody got the bad version any more, as seen from outside."""
        gone = self.audience.last("green")
        (verdict,) = [one for one in self.live.events(deployment, "verdict") if one.data["verdict"] == "fail"]
        (undo,) = [one for one in self.live.events(deployment, "undo") if "traffic blue 100 %" in one.text]
        return {
            "since_first": gone - self.audience.first("green"),
            "since_verdict": gone - verdict.at,
            "switched": gone - undo.at,
        }


@asynccontextmanager
async def shop(site: Site, folder: Path, behind: str = "route", **words: object) -> AsyncGenerator[Shop]:
    require("haproxy")
    namespace, port = site.namespace(), free_port()
    here = {
        "image": f"{site.registry}/{namespace}:{{tree}}",
        "namespace": namespace,
        "kubeconfig": str(site.cluster.kubeconfig()),
        "port": 8000,
        **({"route": "shop"} if behind == "route" else {}),
    }
    run = [sys.executable, "-S", "live_service.py", "8000"]
    part = web(
        port, provider="kubernetes", traffic="haproxy", run=run, metrics={"kind": "endpoint"}, kubernetes=here
    )
    given = environment(port, url=f"http://127.0.0.1:{port}", components=[part], **words)
    async with live(folder, {"production": given}, does(), begins=False) as made:
        place = made.place().environment
        # where the story looks for the shares in force
        entry = await _entry(site, namespace, port, behind, router(place, place.components[0]))
        async with entry, audience(port) as heard:
            found = Shop(site, made, Load(folder / "load", port), heard, namespace)
            await found.publish(made.first)
            await made.begin()
            await heard.hears("blue")
            await found.load.start()
            await asyncio.sleep(LEAD)
            try:
                yield found
            finally:
                await found.load.end()


async def _entry(
    site: Site, namespace: str, port: int, behind: str, found: Traffic
) -> AbstractAsyncContextManager[None]:
    """By which requests come into the cluster: a gateway that obeys a route, or a Service."""
    if behind == "service":
        return front(site.cluster, namespace, "web", found)
    await define(site.cluster)
    make_route(site.cluster, namespace, "shop", backends("web-blue", "web-green", port=port, blue=1))
    return gateway(site.cluster, namespace, "shop", found)


async def test_a_healthy_canary_behind_a_route_costs_nobody_a_request(
    folder: Path, kubernetes_site: Site, record_property: Tell
) -> None:
    async with shop(kubernetes_site, folder) as here:
        row, seen = await here.deployed(does(page="Hello again"))

        assert row.outcome is Outcome.DEPLOYED, here.live.told(row.id)
        _tell(record_property, requests=sum(one.requests for one in seen.values()), rate=frequency(seen))
        assert failures(seen) == QUIET
        assert frequency(seen) >= 50
        assert [weights for _, weights in here.live.weights if len(weights) == 2] == [
            {"blue": 70, "green": 30},
            {"blue": 40, "green": 60},
        ]
        assert await page(here.live) == {"Hello again"}


@pytest.mark.parametrize(
    ("strategy", "behind"), [*((one, "service") for one in SMOOTH), (Strategy.CANARY, "route")]
)
async def test_a_bad_release_is_gone_within_half_a_minute_and_its_traffic_within_two_seconds(
    folder: Path, kubernetes_site: Site, record_property: Tell, strategy: Strategy, behind: str
) -> None:
    words = {"strategy": strategy, "canary": HALF, "monitoring": WATCH}
    async with shop(kubernetes_site, folder, behind, **words) as here:
        row, seen = await here.deployed(does("errors", bad_share=0.05))

        assert row.outcome is Outcome.ROLLED_BACK, here.live.told(row.id)
        times = here.times(row.id)
        _tell(record_property, rate=frequency(seen), **times)
        assert times["since_first"] <= 30
        assert times["switched"] <= 2
        assert frequency(seen) >= 50
        assert breaks(seen) == QUIET
        assert seen["long"].failed == 0
        await _assert_as_before(here)


@pytest.mark.parametrize("strategy", SMOOTH)
async def test_a_way_back_costs_nobody_a_request(
    folder: Path, kubernetes_site: Site, record_property: Tell, strategy: Strategy
) -> None:
    words = {"strategy": strategy, "canary": HALF, "monitoring": WATCH, "triggers": SLOW}
    async with shop(kubernetes_site, folder, "service", **words) as here:
        row, seen = await here.deployed(LATE)

        assert row.outcome is Outcome.ROLLED_BACK, here.live.told(row.id)
        times = here.times(row.id)
        _tell(record_property, rate=frequency(seen), **times)
        assert times["switched"] <= 2
        assert failures(seen) == QUIET
        assert frequency(seen) >= 50
        await _assert_as_before(here)


async def _assert_as_before(here: Shop) -> None:
    running = await here.live.running()
    assert running.weights == {"blue": 100}
    assert [(one.name, len(one.instances), one.is_healthy) for one in running.slots] == [("blue", 2, True)]
    assert await page(here.live) == {"Hello"}


def _tell(record: Tell, **numbers: float) -> None:
    """The measured numbers, for the report and for `pytest -rP`."""
    for name, value in numbers.items():
        record(name, value)
        sys.stdout.write(f"{name}: {value:.2f}\n")
