"""A service instance that does, in the test's own loop, what good and bad instances do."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import h11

from tools.systems.proxy_server.wire import Wire, WireLost


class Upstream:
    """Answers by path: /, /heads, /echo, /stream/BYTES, /hold, /status/N, /reset, /cut."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.address = ""
        self.requests = 0
        self.released = asyncio.Event()
        self.holding = 0
        self.abandoned = asyncio.Event()
        self._wires: set[Wire] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def crash(self) -> None:
        """Refuse everything from now on, and reset what is open."""
        if self._server is not None:
            self._server.close()
        for wire in self._wires:
            wire.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(h11.SERVER, reader, writer)
        self._wires.add(wire)
        try:
            while isinstance(request := await wire.event(), h11.Request):
                self.requests += 1
                await self._answer(wire, request.method.decode(), request)
                if wire.http.our_state is not h11.DONE or wire.http.their_state is not h11.DONE:
                    break
                wire.http.start_next_cycle()
        except WireLost:
            self.abandoned.set()
        finally:
            self._wires.discard(wire)
            wire.close()

    async def _answer(self, wire: Wire, method: str, request: h11.Request) -> None:
        path = request.target.decode()
        match path.strip("/").split("/"):
            case ["echo"]:
                await self._echo(wire)
            case ["stream", size]:
                await self._stream(wire, int(size))
            case ["hold"]:
                await self._hold(wire)
            case ["reset"]:
                wire.abort()
                raise WireLost(wire)
            case ["cut"]:
                await self._say(wire, 200, b"half", length=8)
                wire.abort()
                raise WireLost(wire)
            case ["status", status]:
                await self._body(wire)
                await self._say(wire, int(status), b"")
            case ["heads"]:
                heads = {name.decode(): value.decode() for name, value in request.headers}
                await self._say(wire, 200, json.dumps(heads).encode())
            case _:
                await self._body(wire)
                await self._say(wire, 200, b"" if method == "HEAD" else self.name.encode(), len(self.name))

    async def _hold(self, wire: Wire) -> None:
        self.holding += 1
        end = asyncio.ensure_future(wire.reader.read(1))
        await asyncio.wait(
            [end, asyncio.ensure_future(self.released.wait())], return_when=asyncio.FIRST_COMPLETED
        )
        self.holding -= 1
        if end.done():
            raise WireLost(wire)
        end.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await end
        await self._say(wire, 200, self.name.encode())

    async def _body(self, wire: Wire) -> None:
        while isinstance(await wire.event(), h11.Data):
            pass

    async def _echo(self, wire: Wire) -> None:
        if wire.http.they_are_waiting_for_100_continue:
            wire.put(h11.InformationalResponse(status_code=100, headers=[]))
            await wire.flush()
        wire.put(h11.Response(status_code=200, headers=[]))
        while isinstance(event := await wire.event(), h11.Data):
            wire.put(event)
            await wire.flush()
        wire.put(h11.EndOfMessage())
        await wire.flush()

    async def _stream(self, wire: Wire, size: int) -> None:
        wire.put(h11.Response(status_code=200, headers=[]))
        for _ in range(size // 65_536):
            wire.put(h11.Data(data=bytes(65_536)))
            await wire.flush()
        wire.put(h11.EndOfMessage())
        await wire.flush()

    async def _say(self, wire: Wire, status: int, body: bytes, length: int | None = None) -> None:
        size = len(body) if length is None else length
        wire.put(h11.Response(status_code=status, headers=[("Content-Length", str(size))]))
        if body:
            wire.put(h11.Data(data=body))
        if size == len(body) or not body:
            wire.put(h11.EndOfMessage())
        await wire.flush()


@asynccontextmanager
async def upstreams(*names: str) -> AsyncGenerator[list[Upstream]]:
    """One running instance per name."""
    running = [Upstream(name) for name in names]
    for one in running:
        await one.start()
    try:
        yield running
    finally:
        for one in running:
            one.released.set()
            one.crash()
