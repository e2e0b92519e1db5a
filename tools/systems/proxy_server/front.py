"""The front: clients of the public port, one request after the other on each connection."""

from __future__ import annotations

import asyncio
import contextlib
import time

import h11

from tools.systems.proxy_server import heads
from tools.systems.proxy_server.exchange import Exchange, Routes
from tools.systems.proxy_server.totals import NO_SLOT
from tools.systems.proxy_server.wire import Wire, WireLost

IDLE_SECONDS = 75.0  # for a whole request head to arrive, the first or the next
CLOSING_SECONDS = 10.0  # how long open requests may take when the proxy is told to end

REFUSALS = {
    405: "This proxy does not open tunnels.",
    431: "The request's headers are too large.",
    501: "The request's transfer encoding is not supported.",
}


class Front:
    """Serves connections until it is told to end."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._idle: set[Wire] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """All requests of one connection."""
        client = Wire(h11.SERVER, reader, writer)
        peer = str((writer.get_extra_info("peername") or ("unknown",))[0])
        try:
            while await self._is_served(client, peer):
                client.http.start_next_cycle()
            if client.http.their_state in (h11.SEND_BODY, h11.ERROR):
                await client.linger()
            client.close()
        except WireLost:
            client.abort()

    async def end(self) -> None:
        """Let open requests finish for a while; nothing new is taken on old connections."""
        self._routes.is_closing = True
        for wire in self._idle:
            wire.close()
        until = time.monotonic() + CLOSING_SECONDS
        while (self._idle or self._routes.balance.is_busy()) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def _is_served(self, client: Wire, peer: str) -> bool:
        """Answer the next request; False when the connection is at its end."""
        request = None if self._routes.is_closing else await self._request(client)
        if request is None:
            return False
        if request.method == b"CONNECT":
            await self._refuse(client, 405)
            return False
        await Exchange(self._routes, client, request, peer).run()
        return client.http.our_state is h11.DONE and client.http.their_state is h11.DONE

    async def _request(self, client: Wire) -> h11.Request | None:
        self._idle.add(client)
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                event = await client.event()
        except TimeoutError:
            return None
        except WireLost as lost:
            await self._refuse(client, lost.status)
            return None
        finally:
            self._idle.discard(client)
        return event if isinstance(event, h11.Request) else None

    async def _refuse(self, client: Wire, status: int) -> None:
        self._routes.totals.count(NO_SLOT, status, 0.0)
        response, body = heads.plain(
            status, REFUSALS.get(status, "This is not an HTTP/1.1 request."), closing=True
        )
        with contextlib.suppress(WireLost):
            for event in (response, body, h11.EndOfMessage()):
                client.put(event)
            await client.flush()
