"""Tunnels: after a switch of protocols, bytes go both ways untouched."""

from __future__ import annotations

import asyncio
import contextlib

from tools.systems.proxy_server.wire import Wire, WireLost

FAREWELL_SECONDS = 10.0  # how long one direction may last after the other has ended


async def tunnel(client: Wire, upstream: Wire) -> None:
    """Copy until both ends are done."""
    ways = [asyncio.create_task(_copy(client, upstream)), asyncio.create_task(_copy(upstream, client))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(ways, timeout=FAREWELL_SECONDS)
    finally:
        for way in ways:
            way.cancel()


async def _copy(source: Wire, sink: Wire) -> None:
    with contextlib.suppress(WireLost, OSError):
        data = source.http.trailing_data[0]
        while data or (data := await source.read()):
            await sink.write(data)
            data = b""
        sink.writer.write_eof()
