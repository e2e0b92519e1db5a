"""The built-in proxy between clients and instances: every corner of HTTP/1.1 that real ones use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.servers.ports import free_port
from tests.servers.upstream import Upstream, upstreams
from tools.systems.detached import Detached, until
from tools.systems.proxy import BuiltinProxy

MEGABYTE = 1_048_576


@dataclass
class Site:
    """A proxy with one instance, and a client in front of it."""

    proxy: BuiltinProxy
    blue: Upstream
    client: httpx.AsyncClient
    port: int
    folder: Path

    async def says(self, text: str, until_closed: bool = True) -> str:
        """What comes back for raw bytes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(text.encode())
        answer = await reader.read(-1 if until_closed else 65_536)
        writer.close()
        return answer.decode()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[Site]:
    port = free_port()
    proxy = BuiltinProxy(tmp_path, port=port)
    url = f"http://127.0.0.1:{port}"
    async with upstreams("blue") as [blue], httpx.AsyncClient(base_url=url, trust_env=False) as client:
        await proxy.route({"blue": (blue.address,)}, {"blue": 100})
        yield Site(proxy, blue, client, port, tmp_path)
        blue.crash()
        await proxy.stop()


async def zeros(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 65_536):
        yield bytes(65_536)


async def test_five_megabytes_pass_both_ways_in_little_memory(site: Site) -> None:
    daemon = Detached(site.folder).process()
    assert daemon is not None
    before = daemon.memory_info().rss

    async with site.client.stream("POST", "/echo", content=zeros(5 * MEGABYTE)) as answer:
        await asyncio.sleep(0.1)  # a slow reader: everything has to wait for it
        stuck = daemon.memory_info().rss
        size = sum([len(part) async for part in answer.aiter_bytes()])

    assert size == 5 * MEGABYTE
    assert max(stuck, daemon.memory_info().rss) - before < 3 * MEGABYTE


async def test_a_download_waits_for_a_slow_client(site: Site) -> None:
    daemon = Detached(site.folder).process()
    assert daemon is not None
    before = daemon.memory_info().rss

    async with site.client.stream("GET", f"/stream/{20 * MEGABYTE}") as answer:
        await asyncio.sleep(0.1)
        assert daemon.memory_info().rss - before < 3 * MEGABYTE
        assert sum([len(part) async for part in answer.aiter_bytes()]) == 20 * MEGABYTE


async def test_a_head_has_no_body(site: Site) -> None:
    answer = await site.client.head("/")

    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "4", b"")
    assert (await site.client.get("/")).text == "blue"


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_without_a_body_leave_the_connection_usable(site: Site, status: int) -> None:
    answer = await site.client.get(f"/status/{status}")

    assert (answer.status_code, answer.content) == (status, b"")
    assert (await site.client.get("/")).text == "blue"


async def test_a_client_that_expects_to_continue_is_told_to(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    writer.write(head.encode())

    first = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 2)
    writer.write(b"hello")
    answer = await reader.readuntil(b"hello")
    writer.close()

    assert first.startswith(b"HTTP/1.1 100")
    assert answer.startswith(b"HTTP/1.1 200")


async def test_one_connection_serves_many_requests_even_when_sent_at_once(site: Site) -> None:
    ask = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    answer = await site.says(ask * 2 + ask.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"))

    assert answer.count("HTTP/1.1 200") == answer.count("blue") == 3


async def test_an_old_client_gets_an_old_answer(site: Site) -> None:
    answer = await site.says("GET /stream/65536 HTTP/1.0\r\n\r\n")

    assert "chunked" not in answer.lower()
    assert answer.endswith("\0" * 65_536)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("nonsense\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),  # no host
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (f"GET / HTTP/1.1\r\nHost: a\r\nX: {'x' * 70_000}\r\n\r\n", 431),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ],
)
async def test_what_is_no_good_request_is_refused(site: Site, text: str, status: int) -> None:
    assert (await site.says(text)).startswith(f"HTTP/1.1 {status} ")
    assert site.blue.requests == 0


async def test_what_concerns_one_connection_only_is_not_passed_on(site: Site) -> None:
    heads = {
        "Connection": "X-Mine, keep-alive",
        "X-Mine": "1",
        "TE": "trailers",
        "X-Forwarded-For": "9.9.9.9",
    }

    heard = (await site.client.get("/heads", headers=heads)).json()

    assert not {"x-mine", "te", "keep-alive"} & set(heard)
    assert heard["connection"] == "close"
    assert heard["x-forwarded-for"] == "9.9.9.9, 127.0.0.1"


async def test_a_body_with_two_lengths_has_one_afterwards(site: Site) -> None:
    both = "POST /heads HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"

    answer = await site.says(both + "Connection: close\r\n\r\n0\r\n\r\n")

    assert '"transfer-encoding": "chunked"' in answer
    assert 'content-length":' not in answer


async def test_a_client_that_leaves_frees_the_instance(site: Site) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
    await until(lambda: site.blue.holding == 1, 5)

    writer.close()

    await asyncio.wait_for(site.blue.abandoned.wait(), 2)
    await asyncio.sleep(0.05)
    assert await site.proxy.open_requests("blue") == 0
    counted = (await site.proxy.counters())["blue"]
    assert (counted.requests, counted.errors) == (1, 0)


async def test_a_read_that_was_reset_is_tried_elsewhere_and_a_write_is_not(site: Site) -> None:
    async with upstreams("other") as [other]:
        await site.proxy.route({"blue": (site.blue.address, other.address)}, {"blue": 100})

        assert (await site.client.get("/reset")).status_code == 502
        assert (site.blue.requests, other.requests) == (1, 1)
        assert (await site.client.post("/reset")).status_code == 502
        assert site.blue.requests + other.requests == 3


async def test_another_slot_answers_for_one_that_crashed_and_the_crash_is_counted(site: Site) -> None:
    async with upstreams("green") as [green]:
        green.crash()
        await site.proxy.route(
            {"blue": (site.blue.address,), "green": (green.address,)}, {"blue": 80, "green": 20}
        )

        answers = {(await site.client.get("/")).text for _ in range(50)}

    counted = await site.proxy.counters()
    assert answers == {"blue"}
    assert (counted["blue"].requests, counted["blue"].errors) == (50, 0)
    assert (counted["green"].requests, counted["green"].errors) == (10, 10)


async def test_nobody_answers_when_all_refuse(site: Site) -> None:
    site.blue.crash()

    answer = await site.client.get("/")

    assert answer.status_code == 502
    assert (await site.proxy.counters())["blue"].errors == 1


async def test_every_finished_request_is_in_a_bucket(site: Site) -> None:
    for _ in range(20):
        await site.client.get("/")

    counted = (await site.proxy.counters())["blue"]

    assert counted.requests == 20
    assert sum(counted.buckets or ()) == 20


async def test_an_answer_that_comes_before_the_body_is_passed_on(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"POST /heads HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nonly this")

    answer = await asyncio.wait_for(reader.read(-1), 5)
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200")
