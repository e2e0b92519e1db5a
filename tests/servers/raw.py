"""A server on loopback that says whatever bytes a test wants, at whatever pace."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Part = Callable[[StreamReader, StreamWriter], Awaitable[None]]


@asynccontextmanager
async def speaking(part: Part) -> AsyncGenerator[int]:
    """Play `part` on every connection; gives the port."""

    async def play(reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await part(reader, writer)
        writer.close()

    server = await asyncio.start_server(play, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def answering(*pieces: bytes, every: float = 0.0, again: bool = False) -> Part:
    """Hear one request, then say `pieces`, one each `every` seconds, once or `again` and again."""

    async def play(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every)
        while again:
            writer.write(pieces[-1])
            await writer.drain()
            await asyncio.sleep(every)

    return play
