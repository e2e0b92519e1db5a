"""Wires: smoke tests of what does not speak HTTP: a TCP port, a WebSocket, a cache."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader
from collections.abc import Callable
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.uri import parse_uri

from orchestrate.models.smoke import CacheSmoke, TcpSmoke, WebSocketSmoke
from tools.fetch import KIB, LONGEST
from tools.reach import Reach, connected

MOST = 64 * KIB  # bytes of all that is read of one answer
_LINE = 1024  # bytes of a cache's shortest words


class _Wrong(Exception):
    """What a cache said instead."""


class _Straight(connect):
    """Follows no redirect: where it leads is nobody's setting."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def tcp(check: TcpSmoke, reach: Reach) -> str:
    """Why the port does not open; '' when it does. Raises Unreachable for a host out of reach."""
    where = f"{check.host}:{check.port}"
    try:
        async with asyncio.timeout(_seconds(check.within)):
            _, writer = await connected(check.host, check.port, reach)
    except TimeoutError:
        return f"{where} did not open within {check.within} ms"
    except (OSError, OverflowError) as problem:
        return f"{where} did not open: {problem}"
    writer.close()
    return ""


async def websocket(check: WebSocketSmoke, base: str, reach: Reach) -> str:
    """Why the WebSocket below the URL `base` does not do what is expected; '' when it does."""
    url = f"ws{base.removeprefix('http')}{check.path}"
    try:
        async with asyncio.timeout(_seconds(check.within)):
            await _met(check, url, reach)
    except TimeoutError:
        waited = f"an answer with {check.expect!r}" if check.expect else "a connection"
        return f"{check.path} did not give {waited} within {check.within} ms"
    except (WebSocketException, OSError, ValueError) as problem:
        return f"{check.path}: {str(problem) or type(problem).__name__}"
    return ""


async def cache(check: CacheSmoke, reach: Reach, secret: Callable[[str], str]) -> str:
    """Why the cache does not answer PING, or has another value at `key`; '' when all is well."""
    where = f"{check.host}:{check.port}"
    words = [("AUTH", secret(check.secret))] if check.secret else []
    words += [("PING",)] if check.key is None else [("GET", check.key)]
    try:
        async with asyncio.timeout(_seconds(check.within)):
            said = await _cached(check, words, reach)
    except TimeoutError:
        return f"{where} did not answer within {check.within} ms"
    except (OSError, OverflowError, ValueError, EOFError, _Wrong) as problem:
        return f"{where}: {str(problem) or type(problem).__name__}"
    wanted = "PONG" if check.key is None else check.equals
    if said is None and check.key is not None:
        return f"{where} has no {check.key}"
    if wanted is None or said == wanted:
        return ""
    return f"{where} answered {(said or 'nothing')[:100]} instead of {wanted}"


def _seconds(within: int) -> float:
    return min(within / 1000, LONGEST)


async def _met(check: WebSocketSmoke, url: str, reach: Reach) -> None:
    uri = parse_uri(url)
    problem: OSError = OSError("no address")
    for address in await reach.addresses(uri.host, uri.port):
        with suppress(ConnectionRefusedError):
            async with _Straight(
                url,
                host=address,
                port=uri.port,
                proxy=None,
                compression=None,
                max_size=MOST,
                close_timeout=1,
            ) as socket:
                return await _talk(check, socket)
        problem = ConnectionRefusedError(f"{uri.host}:{uri.port} did not open")
    raise problem


async def _talk(check: WebSocketSmoke, socket: ClientConnection) -> None:
    if check.send is not None:
        await socket.send(check.send)
    heard = 0
    while check.expect is not None:
        said = await socket.recv()
        heard += len(said)
        if check.expect in (said if isinstance(said, str) else said.decode(errors="replace")):
            return
        if heard > MOST:
            raise ValueError(f"{MOST // KIB} KiB came without {check.expect!r}")


async def _cached(check: CacheSmoke, words: list[tuple[str, ...]], reach: Reach) -> str | None:
    """What the cache answers to the last of the commands, in the protocol of Redis."""
    reader, writer = await connected(check.host, check.port, reach)
    try:
        said: str | None = None
        for command in words:
            parts = [part.encode() for part in command]
            writer.write(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(p), p) for p in parts))
            said = await _reply(reader)
        return said
    finally:
        writer.close()


async def _reply(reader: StreamReader) -> str | None:
    kind, text = await reader.readexactly(1), await _line(reader)
    match kind:
        case b"+" | b":":
            return text
        case b"-":
            raise _Wrong(f"it answered {text[:100]}")
        case b"$":
            length = int(text)
            if length < 0:
                return None
            if length > MOST:
                raise _Wrong(f"the value is longer than {MOST // KIB} KiB")
            return (await reader.readexactly(length + 2))[:length].decode(errors="replace")
        case _:
            raise _Wrong("what answers is no cache")


async def _line(reader: StreamReader) -> str:
    line = await reader.readline()
    if not line.endswith(b"\r\n") or len(line) > _LINE:
        raise _Wrong("what answers is no cache")
    return line[:-2].decode(errors="replace")
