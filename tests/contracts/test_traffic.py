"""What every router promises: its twin in memory, the built-in proxy, and HAProxy."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from orchestrate.errors import PortTaken
from tests.servers.ports import free_port
from tests.servers.upstream import Upstream, upstreams
from tools.systems.detached import until
from tools.systems.haproxy import HAProxy
from tools.systems.haproxy_config import SYSTEM_PLACES
from tools.systems.proxy import BuiltinProxy
from tools.traffic import MemoryTraffic, Traffic

HAS_HAPROXY = (shutil.which("haproxy") or shutil.which("haproxy", path=SYSTEM_PLACES)) is not None
with_haproxy = pytest.param(
    "haproxy",
    marks=[pytest.mark.haproxy, pytest.mark.skipif(not HAS_HAPROXY, reason="haproxy is not installed")],
)


@dataclass
class Router:
    """A router under test, and the address of its public port."""

    traffic: Traffic
    url: str


@asynccontextmanager
async def made(kind: str, folder: Path) -> AsyncGenerator[Router]:
    port = free_port()
    traffic: Traffic = {
        "memory": lambda: MemoryTraffic(),
        "builtin": lambda: BuiltinProxy(folder / 'a "router"', port=port),
        "haproxy": lambda: HAProxy(folder / 'a "router"', port=port),
    }[kind]()
    try:
        yield Router(traffic, f"http://127.0.0.1:{port}")
    finally:
        await traffic.stop()


@pytest.fixture(params=["memory", "builtin", with_haproxy])
async def traffic(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Traffic]:
    async with made(request.param, tmp_path) as router:
        yield router.traffic


@pytest.fixture(params=["builtin", with_haproxy])
async def router(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Router]:
    async with made(request.param, tmp_path) as made_router:
        yield made_router


@pytest.fixture
async def blue() -> AsyncGenerator[Upstream]:
    async with upstreams("blue") as [one]:
        yield one


@pytest.fixture
async def green() -> AsyncGenerator[Upstream]:
    async with upstreams("green") as [one]:
        yield one


async def eventually(is_so: Callable[[], Coroutine[None, None, bool]], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not await is_so():
            await asyncio.sleep(0.02)


async def answers(url: str, count: int) -> Counter[str]:
    """Who answered `count` requests on one kept connection."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        return Counter([(await client.get("/")).raise_for_status().text for _ in range(count)])


async def test_a_router_that_was_never_told_a_table_tells_none(traffic: Traffic) -> None:
    assert await traffic.weights() == {}
    assert await traffic.open_requests("blue") == 0
    assert await traffic.counters() == {}


async def test_the_last_table_is_in_force(traffic: Traffic) -> None:
    servers = {"blue": ("127.0.0.1:1001",), "green": ("127.0.0.1:1002", "127.0.0.1:1003")}

    await traffic.route(servers, {"blue": 95, "green": 5})
    await traffic.route(servers, {"blue": 0, "green": 100})

    assert await traffic.weights() == {"blue": 0, "green": 100}


async def test_a_share_is_kept_while_its_slot_has_no_server(traffic: Traffic) -> None:
    await traffic.route({}, {"blue": 100})

    assert await traffic.weights() == {"blue": 100}


async def test_nothing_is_open_in_a_slot_that_nobody_asked(traffic: Traffic) -> None:
    await traffic.route({"blue": ("127.0.0.1:1001",)}, {"blue": 100})

    assert await traffic.open_requests("blue") == 0
    assert await traffic.open_requests("unheard-of") == 0


async def test_a_stopped_router_tells_no_table_and_can_be_stopped_again(traffic: Traffic) -> None:
    await traffic.route({"blue": ("127.0.0.1:1001",)}, {"blue": 100})

    await traffic.stop()
    await traffic.stop()

    assert await traffic.weights() == {}


async def test_shares_are_exact(router: Router, blue: Upstream, green: Upstream) -> None:
    async with upstreams("blue", "blue") as more:
        servers = {"blue": (blue.address, *(one.address for one in more)), "green": (green.address,)}
        await router.traffic.route(servers, {"blue": 99, "green": 1})

        assert await answers(router.url, 1000) == {"blue": 990, "green": 10}
        assert min(one.requests for one in (blue, *more)) > 300


async def test_counters_are_what_was_sent(router: Router, blue: Upstream, green: Upstream) -> None:
    table = {"blue": (blue.address,), "green": (green.address,)}
    await router.traffic.route(table, {"blue": 75, "green": 25})

    async with httpx.AsyncClient(base_url=router.url, trust_env=False) as client:
        statuses = [(await client.get(f"/status/{status}")).status_code for status in [200] * 90 + [500] * 10]
        with pytest.raises(httpx.TransportError):
            await client.get("/cut")
        refused = await client.post("/reset")

    counted = (await router.traffic.counters()).values()
    assert statuses == [200] * 90 + [500] * 10
    assert refused.status_code == 502
    assert sum(slot.requests for slot in counted) == 102
    assert sum(slot.errors for slot in counted) == 12
    assert await router.traffic.open_requests("blue") == 0


async def test_no_request_fails_while_the_table_changes(
    router: Router, blue: Upstream, green: Upstream
) -> None:
    table = {"blue": (blue.address,), "green": (green.address,)}
    await router.traffic.route(table, {"blue": 100, "green": 0})
    done = asyncio.Event()
    seen: Counter[str] = Counter()
    async with httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=20) as client:
        held = [asyncio.create_task(client.get("/hold")) for _ in range(5)]
        await until(lambda: blue.holding == 5, 5)
        load = [asyncio.create_task(_load(router.url, done, seen, fresh)) for fresh in (False, True)]
        for move in range(20):
            await router.traffic.route(table, {"blue": move % 5 * 25, "green": 100 - move % 5 * 25})
            await asyncio.sleep(0.03)
        done.set()
        await asyncio.gather(*load)
        blue.released.set()

        assert [(await one).text for one in held] == ["blue"] * 5
    assert set(seen) == {"200"} and seen["200"] > 100


async def _load(url: str, done: asyncio.Event, seen: Counter[str], fresh: bool) -> None:
    headers = {"Connection": "close"} if fresh else {}
    async with httpx.AsyncClient(base_url=url, trust_env=False, headers=headers) as client:
        while not done.is_set():
            try:
                seen[str((await client.get("/")).status_code)] += 1
            except httpx.TransportError as failed:
                seen[repr(failed)] += 1
            await asyncio.sleep(0.002)


async def test_a_drained_slot_finishes_its_requests_even_when_its_servers_left_the_table(
    router: Router, blue: Upstream, green: Upstream
) -> None:
    await router.traffic.route({"blue": (blue.address,)}, {"blue": 100})
    async with httpx.AsyncClient(base_url=router.url, trust_env=False) as client:
        held = asyncio.create_task(client.get("/hold"))
        await until(lambda: blue.holding == 1, 5)

        await router.traffic.route({"green": (green.address,)}, {"green": 100})

        assert await router.traffic.open_requests("blue") == 1
        assert await answers(router.url, 20) == {"green": 20}
        blue.released.set()
        assert (await held).text == "blue"

    async def is_drained() -> bool:
        return await router.traffic.open_requests("blue") == 0

    await eventually(is_drained)


async def test_an_instance_is_replaced_within_its_slot(
    router: Router, blue: Upstream, green: Upstream
) -> None:
    await router.traffic.route({"blue": (blue.address,)}, {"blue": 100})
    await router.traffic.route({"blue": (blue.address, green.address)}, {"blue": 100})
    await router.traffic.route({"blue": (green.address,)}, {"blue": 100})

    assert await answers(router.url, 20) == {"green": 20}


async def test_a_crashed_instance_is_not_noticed_outside(router: Router, blue: Upstream) -> None:
    async with upstreams("other") as [other]:
        await router.traffic.route({"blue": (blue.address, other.address)}, {"blue": 100})

        other.crash()

        assert await answers(router.url, 100) == {"blue": 100}
    counted = (await router.traffic.counters())["blue"]
    assert (counted.requests, counted.errors) == (100, 0)


async def test_a_read_that_was_reset_is_tried_elsewhere(router: Router, blue: Upstream) -> None:
    await router.traffic.route({"blue": (blue.address,)}, {"blue": 100})

    async with httpx.AsyncClient(base_url=router.url, trust_env=False) as client:
        answer = await client.post("/reset")

    assert answer.status_code == 502
    assert blue.requests == 1


async def test_nobody_to_ask_is_said(router: Router) -> None:
    await router.traffic.route({}, {})

    async with httpx.AsyncClient(base_url=router.url, trust_env=False) as client:
        answer = await client.get("/")

    assert answer.status_code == 503
    assert "No instance of this service takes traffic" in answer.text


async def test_websockets_go_through(router: Router) -> None:
    async def echo(peer: ServerConnection) -> None:
        async for message in peer:
            await peer.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await router.traffic.route({"blue": (f"127.0.0.1:{port}",)}, {"blue": 100})
        async with connect(router.url.replace("http", "ws"), proxy=None) as peer:
            await peer.send("a" * 100_000)

            assert await peer.recv() == "a" * 100_000
            assert await router.traffic.open_requests("blue") == 1


async def test_servers_hear_who_asked(router: Router, blue: Upstream) -> None:
    await router.traffic.route({"blue": (blue.address,)}, {"blue": 100})

    async with httpx.AsyncClient(trust_env=False) as client:
        heads = (await client.get(f"{router.url}/heads", headers={"Host": "shop.example"})).json()

    assert heads["x-forwarded-for"] == "127.0.0.1"
    assert heads["x-forwarded-host"] == heads["host"] == "shop.example"


async def test_a_port_that_another_program_has_is_named(router: Router) -> None:
    port = int(router.url.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)), pytest.raises(PortTaken) as refused:
        await router.traffic.route({}, {})

    assert refused.value.port == port
