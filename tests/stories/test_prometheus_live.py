"""A real Prometheus that scrapes the router as the source of the numbers that decide."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from orchestrate.models.deployment import DecisionKind, Outcome
from tests.servers.live import Live, does, environment, live, require, web
from tests.servers.load import Load
from tests.servers.ports import free_port, free_ports
from tests.servers.prometheus import guarded, prometheus
from tools.systems.proxy import BuiltinProxy

pytestmark = pytest.mark.prometheus

TOKEN = "let-orchestrate-read-8c1f"  # noqa: S105


@asynccontextmanager
async def scraped_shop(folder: Path, running: ExitStack, token: str = "") -> AsyncGenerator[Live]:
    """A shop under load whose built-in proxy is scraped until `running` is closed; it asks for the token."""
    require("prometheus")
    port, metrics_port = free_ports(2)
    own, guard_port = f"http://127.0.0.1:{metrics_port}", free_port()
    metrics = {"kind": "prometheus", "url": own}
    if token:
        running.enter_context(guarded(folder, own, token, port=guard_port))
        metrics |= {"url": f"http://127.0.0.1:{guard_port}", "credentials": "NUMBERS"}
    words = environment(
        port,
        secrets={"NUMBERS": "${SHOP_NUMBERS}"} if token else {},
        canary=[{"share": "50 %", "seconds": 3}],
        components=[web(port, instances=1, metrics=metrics)],
    )
    load = Load(folder / "load", port)
    async with live(folder, {"production": words}) as shop:
        router = BuiltinProxy(shop.place().environment.root / "traffic" / "web", port=port)
        target = urlsplit(router.metrics() or "").netloc
        running.enter_context(prometheus(folder, {target: ""}, metrics_port))
        try:
            await load.start()
            await asyncio.sleep(1)
            yield shop
        finally:
            running.close()
            await load.end()


async def test_prometheus_lets_a_good_canary_pass_and_catches_a_bad_one(folder: Path) -> None:
    with ExitStack() as running:
        async with scraped_shop(folder, running) as shop:
            good = await shop.run(await shop.request(version=shop.version("good", does(page="Hello you"))))
            bad = await shop.run(await shop.request(version=shop.version("bad", does("errors"))))

            assert good.outcome is Outcome.DEPLOYED, shop.told(good.id)
            assert bad.outcome is Outcome.ROLLED_BACK, shop.told(bad.id)
            (verdict,) = shop.events(bad.id, "verdict")
            assert verdict.data["verdict"] == "fail", verdict
            await shop.assert_told(bad.request.task, verdict.text[:40])
            assert (await shop.running()).weights == {"green": 100}


@pytest.mark.haproxy
async def test_a_protected_prometheus_decides_and_its_token_is_kept_nowhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_NUMBERS", TOKEN)
    with ExitStack() as running:
        async with scraped_shop(folder, running, TOKEN) as shop:
            row = await shop.run(await shop.request(version=shop.version("good", does(page="Hello you"))))

            assert row.outcome is Outcome.DEPLOYED, shop.told(row.id)
            verdicts = shop.events(row.id, "verdict")
            assert [one.data["verdict"] for one in verdicts].count("pass") == 2, "one share, and the end"
            assert not any("denied" in one.text for one in verdicts), verdicts

    kept = [one for one in folder.rglob("*") if one.is_file() and TOKEN.encode() in one.read_bytes()]
    assert [one.name for one in kept] == ["guard.cfg"], "HAProxy's own, which asks for it"


@pytest.mark.slow
async def test_a_prometheus_that_goes_down_promotes_nothing(folder: Path) -> None:
    with ExitStack() as running:
        async with scraped_shop(folder, running) as shop:
            request = await shop.request(version=shop.version("good", does(page="Hello you")))
            ending = asyncio.create_task(down_after_the_first_share(shop, running))
            row = await shop.run(request)
            await ending

            assert row.outcome is None, shop.told(row.id)
            verdicts = shop.events(row.id, "verdict")
            assert [one.data["verdict"] for one in verdicts] == ["inconclusive", "inconclusive"]
            assert all("source down" in one.text for one in verdicts), verdicts
            assert (await shop.running()).weights == {"blue": 50, "green": 50}

            row = await shop.serve(row.id, {"go_on": DecisionKind.ROLL_BACK})
            assert row.outcome is Outcome.ROLLED_BACK, shop.told(row.id)


async def down_after_the_first_share(shop: Live, running: ExitStack) -> None:
    """End Prometheus when the canary has got its share."""
    while not shop.weights or shop.weights[-1][1] == {"blue": 100}:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    running.close()
