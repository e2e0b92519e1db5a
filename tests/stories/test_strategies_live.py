"""Every strategy through the whole graph, with real processes and routers, under load from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.models.deployment import Outcome
from orchestrate.models.environment import Strategy
from tests.servers.live import does
from tests.servers.under_load import OLD, breaks, deployed, failures, frequency, page, shop_under_load

ROUTERS = ["builtin", pytest.param("haproxy", marks=[pytest.mark.haproxy, pytest.mark.slow])]
SMOOTH = [Strategy.ROLLING, Strategy.BLUE_GREEN, Strategy.CANARY]


@pytest.mark.parametrize("traffic", ROUTERS)
@pytest.mark.parametrize("strategy", SMOOTH)
async def test_a_healthy_deployment_costs_nobody_a_request(
    folder: Path, strategy: Strategy, traffic: str
) -> None:
    async with shop_under_load(folder, strategy, traffic) as (shop, load):
        row, seen = await deployed(shop, load, does(page="Hello again"))

        assert (row.outcome, row.reason[:9]) == (Outcome.DEPLOYED, "Deployed:")
        assert "99 % took less than" in shop.events(row.id, "verdict")[-1].text
        assert failures(seen) == {"kept": 0, "new": 0, "long": 0}
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
        assert breaks(seen) == {"kept": 0, "new": 0, "long": 0}
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
        assert breaks(seen) == {"kept": 0, "new": 0, "long": 0}
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
        assert breaks(seen) == {"kept": 0, "new": 0, "long": 0}
        assert seen["long"].failed == 0
        assert await page(shop) == {"Hello"}
        assert [len(found) for found in (await shop.pids()).values()] == [2]
