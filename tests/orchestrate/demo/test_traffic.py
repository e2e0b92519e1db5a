from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from orchestrate.demo.counts import TrafficCounts
from orchestrate.demo.generator import Generator
from orchestrate.demo.mix import Mix
from orchestrate.demo.traffic import Traffic, read_counts
from tests.orchestrate.demo.conftest import OpenShop

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
BROKEN = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Serve = Callable[[bytes | None], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers that answer each request with the same bytes; none: hang up; None: never answer."""
    servers: list[asyncio.Server] = []
    writers: list[asyncio.StreamWriter] = []

    async def start(answer: bytes | None) -> str:
        async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            while await reader.read(4096):
                if answer is not None:
                    writer.write(answer)
                if not answer and answer is not None:
                    break
            writer.close()

        servers.append(await asyncio.start_server(converse, "127.0.0.1", 0))
        return f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()
    for writer in writers:
        writer.close()
    await asyncio.sleep(0.01)


async def flow(url: str, *, seconds: float = 0.3, patience: float = 5.0) -> TrafficCounts:
    traffic = Traffic(url, rate=100, patience=patience)
    traffic.start()
    await asyncio.sleep(seconds)
    return await traffic.stop()


@pytest.mark.parametrize("answer", [OK, CHUNKED])
async def test_answers_are_counted_as_served(answer: bytes, serve: Serve) -> None:
    counts = await flow(await serve(answer))

    assert counts.sent == counts.served > 10
    assert (counts.failed, counts.errors) == (0, {})


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(BROKEN, "status_502"), (b"", "reset"), (b"hello\r\n\r\n", "malformed"), (None, "timeout")],
)
async def test_failures_are_counted_by_kind(answer: bytes | None, kind: str, serve: Serve) -> None:
    counts = await flow(await serve(answer), patience=0.2)

    assert counts.served == 0
    assert counts.errors == {kind: counts.sent}
    assert counts.error_rate == 100.0


async def test_a_refused_connection_is_a_failure() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        counts = await flow(f"http://127.0.0.1:{held.getsockname()[1]}")

    assert counts.errors == {"refused": counts.sent}


async def test_slow_answers_do_not_slow_the_requests(serve: Serve) -> None:
    counts = await flow(await serve(None), seconds=0.5, patience=1.0)

    assert counts.sent > 30


async def test_the_rate_is_kept(open_shop: OpenShop) -> None:
    counts = await flow((await open_shop("main")).url, seconds=1.5)

    assert 100 < counts.sent <= 152
    assert counts.failed == 0, counts.errors


async def test_starting_twice_is_starting_once(serve: Serve) -> None:
    traffic = Traffic(await serve(OK), rate=50)
    traffic.start()
    traffic.start()
    await asyncio.sleep(0.3)

    assert (await traffic.stop()).sent <= 17
    assert (await traffic.stop()).failed == 0


async def test_a_generator_of_its_own_process_writes_its_counts(open_shop: OpenShop, tmp_path: Path) -> None:
    generator = Generator((await open_shop("main")).url, tmp_path / "stats.json", rate=50, mix=Mix.STAGING)
    assert generator.counts() == TrafficCounts()

    await generator.start()
    async with asyncio.timeout(15):
        while generator.counts().served < 20:
            await asyncio.sleep(0.05)
    final = await generator.stop()

    assert final.sent == final.served
    assert [path.name for path in tmp_path.glob("stats*.json*")] == ["stats.json"]


async def test_a_generator_ends_with_the_process_that_started_it(serve: Serve, tmp_path: Path) -> None:
    url, stats = await serve(OK), tmp_path / "stats.json"
    argv = [sys.executable, "-m", "orchestrate.demo.traffic", url, "--rate", "20", "--stats", str(stats)]
    starter = f"import subprocess; print(subprocess.Popen({argv!r}).pid, flush=True); input()"
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", starter, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    async with asyncio.timeout(15):
        while not read_counts(stats).sent:
            await asyncio.sleep(0.05)

    parent.kill()
    await parent.wait()

    async with asyncio.timeout(10):
        while _runs(child):
            await asyncio.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
