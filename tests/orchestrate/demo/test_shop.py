from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import time
from pathlib import Path

import pytest

from orchestrate.demo.traffic import Traffic
from tests.orchestrate.demo.conftest import Checkout, OpenShop, RunningShop, migrate
from tools.commands import run

BRANCHES = ("main", "ratings", "currency", "rename-title", "drop-legacy-column")


@pytest.mark.parametrize("branch", BRANCHES)
async def test_the_shops_own_tests_pass_on_every_branch(branch: str, checkout: Checkout) -> None:
    words = ("-B", "-m", "unittest", "discover", "-t", ".", "-s", "shop")

    output = await run((sys.executable, *words), cwd=await checkout(branch))

    assert output.code == 0, output.complaint


async def test_a_build_gives_the_same_files_every_time(checkout: Checkout) -> None:
    folder = await checkout("main")
    words = ("-m", "compileall", "-q", "-f", "--invalidation-mode", "checked-hash", "shop")

    builds: list[dict[str, bytes]] = []
    for moment in (1_000_000_000, 1_700_000_000):
        os.utime(folder / "shop" / "server.py", (moment, moment))
        (await run((sys.executable, *words), cwd=folder)).whole()
        builds.append({file.name: file.read_bytes() for file in folder.rglob("*.pyc")})

    assert builds[0] == builds[1]
    assert "server.cpython-" in "".join(builds[0])


async def test_operators_are_told_what_they_ask(open_shop: OpenShop) -> None:
    shop = await open_shop("main")

    assert (await shop.ask("/health")).json() == {"status": "healthy", "version": "1.0"}
    assert (await shop.ask("/ready")).json() == {"ready": True}
    assert (await shop.ask("/healthz")).text == "ok\n"
    assert (await shop.ask("/version")).json() == {"version": "1.0", "slot": "green", "instance": "1"}


async def test_customers_are_served(open_shop: OpenShop) -> None:
    shop = await open_shop("main")

    assert "<h1>The Corner Shop, since 1974</h1>" in (await shop.ask("/")).text
    assert len((await shop.ask("/products")).json()["products"]) == 12
    assert (await shop.ask("/products/3?country=FR")).json()["price"] == "7.90 EUR"
    assert (await shop.ask("/orders", "POST", '{"product": 3}')).json()["order"] == 1
    assert (await shop.ask("/report?seconds=0")).json() == {"orders": 1}


@pytest.mark.parametrize("path", ["/nothing", "/products/99", "/products/x", f"/products/{'9' * 30}"])
async def test_what_is_not_there_is_not_found(path: str, open_shop: OpenShop) -> None:
    shop = await open_shop("main")

    assert (await shop.ask(path)).status_code == 404


async def test_only_customers_are_counted(open_shop: OpenShop) -> None:
    shop = await open_shop("main")
    for path in ("/health", "/metrics", "/products", "/products/1", "/products/99"):
        await shop.ask(path)

    lines = (await shop.ask("/metrics")).text.splitlines()

    assert 'http_requests_total{status="200",slot="green"} 2' in lines
    assert 'http_requests_total{status="404",slot="green"} 1' in lines
    assert 'http_request_duration_seconds_bucket{slot="green",le="+Inf"} 3' in lines
    assert 'http_request_duration_seconds_count{slot="green"} 3' in lines
    assert 'database_errors_total{slot="green"} 0' in lines


async def test_bytes_that_are_no_request_get_an_answer(open_shop: OpenShop) -> None:
    shop = await open_shop("main")
    reader, writer = await asyncio.open_connection("127.0.0.1", shop.port)

    writer.write(b"what?\r\n\r\n")

    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()
    assert (await shop.ask("/health")).status_code == 200


async def test_a_shop_without_its_database_says_so_and_opens_once_it_is_there(
    open_shop: OpenShop, checkout: Checkout
) -> None:
    shop = await open_shop("main", migrated=False)

    assert (await shop.ask("/ready")).status_code == 503
    assert (await shop.ask("/products")).status_code == 503
    assert 'database_errors_total{slot="green"} 1' in (await shop.ask("/metrics")).text
    assert "sqlite3.OperationalError" in shop.complaints.read_text()
    assert not shop.database.exists()

    migrate(shop.database, await checkout("main"))
    assert (await shop.ask("/ready")).json() == {"ready": True}


async def test_two_hundred_requests_a_second_are_served_quickly(open_shop: OpenShop) -> None:
    traffic = Traffic((await open_shop("main")).url, rate=200)

    traffic.start()
    await asyncio.sleep(1.5)
    counts = await traffic.stop()

    assert counts.failed == 0, counts.errors
    assert counts.sent == counts.served > 200
    assert counts.p99 is not None
    assert counts.p99 < 250  # a few ms where nothing else runs


async def test_orders_are_kept(open_shop: OpenShop, tmp_path: Path) -> None:
    shop = await open_shop("main")

    for _ in range(3):
        await shop.ask("/orders?country=FR", "POST", '{"product": 2, "quantity": 4}')

    with sqlite3.connect(tmp_path / "shop.db") as connection:
        kept = connection.execute("SELECT count(*), sum(quantity), min(country) FROM orders").fetchone()
    connection.close()
    assert kept == (3, 12, "FR")


async def test_a_request_in_flight_is_finished_before_the_shop_closes(open_shop: OpenShop) -> None:
    shop = await open_shop("main")
    request = asyncio.create_task(shop.ask("/report?seconds=1"))
    await asyncio.sleep(0.4)

    shop.process.terminate()
    await asyncio.sleep(0.1)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", shop.port)

    assert (await request).status_code == 200
    assert await asyncio.wait_for(shop.process.wait(), 5) == 0
    assert "Traceback" not in shop.complaints.read_text()


async def test_idle_connections_do_not_keep_the_shop_open(open_shop: OpenShop) -> None:
    shop = await open_shop("main")
    reader, writer = await _kept_connection(shop)
    began = time.monotonic()

    assert await shop.stop() == 0

    assert time.monotonic() - began < 2
    assert await reader.read() == b""
    writer.close()


async def test_a_request_that_crosses_the_end_on_a_kept_connection_is_served(open_shop: OpenShop) -> None:
    shop = await open_shop("main")
    reader, writer = await _kept_connection(shop)

    shop.process.terminate()
    await asyncio.sleep(0.1)
    writer.write(b"GET /healthz HTTP/1.1\r\n\r\n")
    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"Connection: close" in answer


async def _kept_connection(shop: RunningShop) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", shop.port)
    writer.write(b"GET /healthz HTTP/1.1\r\n\r\n")
    assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200 ")
    return reader, writer
