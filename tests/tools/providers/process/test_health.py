from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import pytest

from orchestrate.models.smoke import HealthCheck
from tools.providers.fleet.health import trouble, trouble_now
from tools.providers.fleet.ports import is_free


@asynccontextmanager
async def answering(*answers: bytes, drips: bool = False) -> AsyncGenerator[tuple[int, list[bytes]]]:
    """A server that gives these bytes in turn (the last one for ever); its port, and what was asked."""
    asked: list[bytes] = []
    ended: list[asyncio.Event] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = asyncio.Event()
        ended.append(end)
        with suppress(OSError, asyncio.IncompleteReadError):
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answers[min(len(asked), len(answers)) - 1])
            for _ in range(7 if drips else 0):
                writer.write(b" ")
                await asyncio.sleep(0.2)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        end.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked
        await asyncio.gather(*(end.wait() for end in ended))


def http(body: bytes, status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


GOOD = http(b'{"status": "ok", "database": {"up": true}, "count": 3}')


@pytest.mark.parametrize(
    "expect", [{}, {"status": "ok"}, {"database.up": "true"}, {"count": "3", "status": "ok"}]
)
async def test_an_answer_as_promised_is_well(expect: dict[str, str]) -> None:
    async with answering(GOOD) as (port, asked):
        assert await trouble(HealthCheck(expect=expect), port) == ""
        assert asked[0].startswith(b"GET /health HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http(b"", "503 Busy"), "/health answered 503 instead of 200"),
        (http(b"", "301 Moved", more="location: /login\r\n"), "/health redirects to /login"),
        (http(b"<html>", kind="text/html; charset=utf-8"), "/health answered an HTML page"),
        (http(b"up"), "/health answered no JSON"),
        (http(b"[" * 60_000), "/health answered no JSON"),
        (http(b"[1]"), "/health answered status=nothing instead of ok"),
        (http(b'{"status": "down"}'), "/health answered status=down instead of ok"),
        (http(b'{"status": true}'), "/health answered status=true instead of ok"),
        (http(b" " * 70_000), "/health answered more than 64 KiB"),
        (b"SSH-2.0-OpenSSH_9\r\n", "no answer from /health: "),
        (b"", "no answer from /health: "),
    ],
)
async def test_any_other_answer_is_trouble(answer: bytes, words: str) -> None:
    async with answering(answer) as (port, _):
        found = await trouble_now(HealthCheck(expect={"status": "ok"}), port)

    assert found.startswith(words)


async def test_a_page_is_well_where_a_page_is_asked_for() -> None:
    async with answering(http(b"<html>", kind="text/html")) as (port, _):
        assert await trouble_now(HealthCheck(path="/"), port) == ""
        assert await trouble_now(HealthCheck(path="/index.html?x=1"), port) == ""
        assert await trouble_now(HealthCheck(path="/health"), port) == "/health answered an HTML page"


async def test_only_failures_in_a_row_count() -> None:
    bad = http(b"", "500 Oops")
    check = HealthCheck(retries=3)
    async with answering(bad, bad, GOOD) as (port, asked):
        assert await trouble(check, port) == ""
        assert len(asked) == 3
    async with answering(bad) as (port, asked):
        assert await trouble(check, port) == "/health answered 500 instead of 200"
        assert len(asked) == 3


async def test_an_answer_that_drips_is_no_answer() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"
    async with answering(head, drips=True) as (port, _):
        found = await trouble_now(HealthCheck(timeout=1), port)

    assert found.startswith("no answer from /health: ") and found.endswith("did not answer within 1 s")


async def test_a_closed_port_is_no_answer(free_port: int) -> None:
    assert (await trouble_now(HealthCheck(), free_port)).startswith("no answer from /health: ")
    assert (await trouble_now(HealthCheck(path=""), free_port)).startswith("no answer from ")


async def test_without_a_path_an_open_port_is_well() -> None:
    async with answering(GOOD) as (port, _):
        assert await trouble_now(HealthCheck(path=""), port) == ""
        assert not is_free(port)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    assert is_free(port)
    return port
