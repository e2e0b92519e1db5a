from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from orchestrate.errors import NotFound, Unreachable
from orchestrate.models.smoke import CacheSmoke, TcpSmoke, WebSocketSmoke
from tests.servers.raw import answering as saying
from tests.servers.raw import speaking
from tools.reach import LOOPBACK, Reach
from tools.smoke import smoke
from tools.wires import cache, tcp, websocket

NEVER = Reach(frozenset())


def secret(name: str) -> str:
    if name != "CACHE_PASSWORD":
        raise NotFound(name)
    return "hush"


@asynccontextmanager
async def cached(**values: str) -> AsyncGenerator[int]:
    """A cache of three commands, with a password."""

    async def play(reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            count = int((await reader.readuntil(b"\r\n"))[1:])
            words = [await word(reader) for _ in range(count)]
            match words:
                case ["AUTH", "hush"]:
                    writer.write(b"+OK\r\n")
                case ["PING"]:
                    writer.write(b"+PONG\r\n")
                case ["GET", key] if key in values:
                    value = values[key].encode()
                    writer.write(b"$%d\r\n%b\r\n" % (len(value), value))
                case ["GET", _]:
                    writer.write(b"$-1\r\n")
                case _:
                    writer.write(b"-WRONGPASS no\r\n")

    async def word(reader: StreamReader) -> str:
        size = int((await reader.readuntil(b"\r\n"))[1:])
        return (await reader.readexactly(size + 2))[:-2].decode()

    async with speaking(play) as port:
        yield port


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({}, ""),
        ({"secret": "CACHE_PASSWORD"}, ""),
        ({"key": "stock"}, ""),
        ({"key": "stock", "equals": "7 ü"}, ""),
        ({"key": "stock", "equals": "8"}, "answered 7 ü instead of 8"),
        ({"key": "none"}, "has no none"),
        ({"key": "large"}, "the value is longer than 64 KiB"),
    ],
)
async def test_a_cache_answers_what_is_expected(words: dict[str, str], problem: str) -> None:
    async with cached(stock="7 ü", large="x" * 70_000) as port:
        check = CacheSmoke.model_validate({"name": "c", "host": "127.0.0.1", "port": port, **words})
        result = await smoke(check, "", secret)

    assert result.passed is not bool(problem)
    assert problem in result.sentence


async def test_a_cache_that_refuses_the_password_fails_without_repeating_it() -> None:
    async with speaking(saying()) as port:
        check = CacheSmoke(name="c", host="127.0.0.1", port=port, secret="LOST")  # noqa: S106
        assert not (await smoke(check, "", secret)).passed
    async with cached() as port:
        check = CacheSmoke(name="c", host="127.0.0.1", port=port, secret="CACHE_PASSWORD")  # noqa: S106
        said = await cache(check, LOOPBACK, lambda _: "wrong")

    assert "WRONGPASS" in said and "wrong" not in said.removesuffix("WRONGPASS no")


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"+" + b"x" * 100_000, b"$99999999\r\n", b"$x\r\n", b"", b"+PONG"],
)
async def test_what_is_no_cache_is_found_out(said: bytes) -> None:
    async def play(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"PING\r\n")
        writer.write(said)
        await writer.drain()

    async with speaking(play) as port:
        check = CacheSmoke(name="c", host="127.0.0.1", port=port, within=500)
        assert f"127.0.0.1:{port}" in await cache(check, LOOPBACK, secret)


async def test_a_cache_that_hangs_is_given_up_in_time() -> None:
    async with speaking(saying()) as port:
        check = CacheSmoke(name="c", host="127.0.0.1", port=port, within=100)
        assert "did not answer within 100 ms" in await cache(check, LOOPBACK, secret)


async def test_no_wire_leads_to_a_host_out_of_reach() -> None:
    checks = (
        tcp(TcpSmoke(name="t", host="127.0.0.1", port=9), NEVER),
        cache(CacheSmoke(name="c", host="127.0.0.1", port=9), NEVER, secret),
        websocket(WebSocketSmoke(name="w", path="/"), "http://127.0.0.1:9", NEVER),
    )
    for check in checks:
        with pytest.raises(Unreachable, match="no setting of the environment names it"):
            await check


async def test_a_websocket_follows_no_redirect() -> None:
    opened: list[str] = []

    async def welcome(socket: ServerConnection) -> None:
        opened.append("in")

    async with serve(welcome, "127.0.0.1", 0) as server:
        inner = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        head = f"HTTP/1.1 302 Found\r\nlocation: {inner}\r\ncontent-length: 0\r\n\r\n"
        async with speaking(saying(head.encode())) as port:
            said = await websocket(WebSocketSmoke(name="w", path="/"), f"http://127.0.0.1:{port}", LOOPBACK)

    assert "302" in said and not opened


async def test_a_websocket_that_talks_without_end_is_not_heard_out() -> None:
    async def flood(socket: ServerConnection) -> None:
        while True:
            await socket.send("x" * 10_000)

    async with serve(flood, "127.0.0.1", 0) as server:
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        said = await websocket(WebSocketSmoke(name="w", path="/", expect="y"), base, LOOPBACK)

    assert said == "/: 64 KiB came without 'y'"


async def test_a_websocket_message_of_a_megabyte_is_refused() -> None:
    async def shout(socket: ServerConnection) -> None:
        await socket.send("x" * 2**20)

    async with serve(shout, "127.0.0.1", 0) as server:
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        said = await websocket(WebSocketSmoke(name="w", path="/", expect="y"), base, LOOPBACK)

    assert said.startswith("/: ") and "too big" in said


async def test_a_handshake_that_never_ends_is_given_up_in_time() -> None:
    async with speaking(saying(b"HTTP/1.1 101 S\r\n", b"x: y\r\n", every=0.05, again=True)) as port:
        check = WebSocketSmoke(name="w", path="/", within=300)
        began = asyncio.get_running_loop().time()
        said = await websocket(check, f"http://127.0.0.1:{port}", LOOPBACK)

    assert "did not give a connection within 300 ms" in said
    assert asyncio.get_running_loop().time() - began < 2
