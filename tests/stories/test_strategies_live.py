"""Every strategy through the whole graph, with real processes and routers, under load from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from orchestrate.models.deployment import Deployment, Outcome
from orchestrate.models.environment import Strategy
from tests.servers.live import Live, does, environment, live, require, web
from tests.servers.load import Counts, Load
from tests.servers.ports import free_ports

ROUTERS = ["builtin", pytest.param("haproxy", marks=[pytest.mark.haproxy, pytest.mark.slow])]
SMOOTH = [Strategy.ROLLING, Strategy.BLUE_GREEN, Strategy.CANARY]
OLD = {"blue": 100}
LEAD = 0.3  # seconds of load before and after


@asynccontextmanager
async def shop_under_load(
    folder: Path, strategy: Strategy, traffic: str
) -> AsyncGenerator[tuple[Live, Load]]:
    """A shop behind the router, and what sends requests to it."""
    if traffic == "haproxy":
        require("haproxy")
    (port,) = free_ports(1)
    words = environment(port, strategy=strategy, components=[web(port, traffic=traffic)])
    load = Load(folder / "load", port)
    async with live(folder, {"production": words}) as shop:
        try:
            await load.start()
            await asyncio.sleep(LEAD)
            yield shop, load
        finally:
            await load.end()


async def deployed(shop: Live, load: Load, files: Mapping[str, str]) -> tuple[Deployment, dict[str, Counts]]:
    """A change, brought to production under load; and what whoever sent the load saw."""
    row = await shop.run(await shop.request(change=await shop.change("work", files)))
    await asyncio.sleep(LEAD)
    return row, await load.end()


def frequency(seen: Mapping[str, Counts]) -> float:
    """Short requests per second."""
    return seen["kept"].rate + seen["new"].rate


async def page(shop: Live) -> set[str]:
    """What people read at the public address."""
    async with httpx.AsyncClient(trust_env=False) as client:
        url = await shop.place().addresses.public(shop.place().component("web"))
        return {(await client.get(url)).text.strip() for _ in range(10)}


@pytest.mark.parametrize("traffic", ROUTERS)
@pytest.mark.parametrize("strategy", SMOOTH)
async def test_a_healthy_deployment_costs_nobody_a_request(
    folder: Path, strategy: Strategy, traffic: str
) -> None:
    async with shop_under_load(folder, strategy, traffic) as (shop, load):
        row, seen = await deployed(shop, load, does(page="Hello again"))

        assert (row.outcome, row.reason[:9]) == (Outcome.DEPLOYED, "Deployed:")
        assert "99 % took less than" in shop.events(row.id, "verdict")[-1].text
        assert {name: one.failed for name, one in seen.items()} == {"kept": 0, "new": 0, "long": 0}
        assert frequency(seen) >= 50
        # three at any moment: three senders, each of whose requests takes a second and what the machine adds
        assert seen["long"].rate >= 1.5 and seen["long"].longest >= 1_000_000
        assert await page(shop) == {"Hello again"}
        live = (await shop.running()).live
        assert live is not None and live.version is not None
        assert shop.remote.git("rev-parse", "main^{tree}") == live.version.tree


@pytest.mark.parametrize("traffic", ROUTERS)
async def test_recreate_is_away_for_a_moment_and_cuts_no_request(folder: Path, traffic: str) -> None:
    async with shop_under_load(folder, Strategy.RECREATE, traffic) as (shop, load):
        row, seen = await deployed(shop, load, does(page="Hello again"))

        assert row.outcome is Outcome.DEPLOYED, shop.told(row.id)
        (gone,) = [at for at, weights in shop.weights if not weights]
        back = next(at for at, weights in shop.weights if weights and at > gone)
        assert back - gone < 4
        assert {name: one.broken for name, one in seen.items()} == {"kept": 0, "new": 0, "long": 0}
        assert 0 < seen["kept"].status + seen["new"].status <= frequency(seen) * (back - gone + 0.5)
        assert await page(shop) == {"Hello again"}


@pytest.mark.parametrize("traffic", ROUTERS)
@pytest.mark.parametrize("strategy", [Strategy.BLUE_GREEN, Strategy.CANARY])
async def test_a_bad_release_loses_its_traffic_within_two_seconds_of_the_verdict(
    folder: Path, strategy: Strategy, traffic: str
) -> None:
    async with shop_under_load(folder, strategy, traffic) as (shop, load):
        row, seen = await deployed(shop, load, does("errors"))

        assert row.outcome is Outcome.ROLLED_BACK, shop.told(row.id)
        (verdict,) = [one for one in shop.events(row.id, "verdict") if one.data["verdict"] == "fail"]
        back = next(at for at, weights in shop.weights if at > verdict.at and weights == OLD)
        assert back - verdict.at <= 2
        assert shop.weights[-1][1] == OLD
        assert {name: one.broken for name, one in seen.items()} == {"kept": 0, "new": 0, "long": 0}
        assert seen["long"].failed == 0  # what was open in the bad release has ended there
        assert (
            0
            < seen["kept"].status + seen["new"].status
            < 0.2 * (seen["kept"].requests + seen["new"].requests)
        )
        assert await page(shop) == {"Hello"}
        (fix,) = await shop.fixes(row.request.task)
        assert "regression" in fix.description and "ZeroDivisionError" in fix.description
        assert "Rolled back" in shop.thread(row.request.task)


@pytest.mark.haproxy
async def test_a_bad_release_is_rolled_back_as_it_was_rolled_out(folder: Path) -> None:
    async with shop_under_load(folder, Strategy.ROLLING, "haproxy") as (shop, load):
        row, seen = await deployed(shop, load, does("errors"))

        assert row.outcome is Outcome.ROLLED_BACK, shop.told(row.id)
        assert shop.weights[-1][1] == OLD
        assert {name: one.broken for name, one in seen.items()} == {"kept": 0, "new": 0, "long": 0}
        assert seen["long"].failed == 0
        assert await page(shop) == {"Hello"}
        assert [len(found) for found in (await shop.pids()).values()] == [2]
