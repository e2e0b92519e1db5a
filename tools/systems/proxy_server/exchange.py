"""Exchanges: one request, brought to a server of the slot whose turn it is, and its answer brought back."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from functools import partial

import h11

from tools.systems.proxy_server import heads
from tools.systems.proxy_server.table import Balance, Place
from tools.systems.proxy_server.totals import NO_SLOT, Totals
from tools.systems.proxy_server.tunnel import tunnel
from tools.systems.proxy_server.wire import WatchedReader, Wire, WireLost, connected

CLIENT_LEFT = 499  # what a request counts as when its client did not wait for the answer
NOBODY = "No instance of this service takes traffic right now. Please try again in a moment."
UNANSWERED = "The service did not answer this request."


@dataclass
class Routes:
    """What all exchanges share."""

    balance: Balance
    totals: Totals
    connect_seconds: float = 2.0
    total_seconds: float | None = None  # None: a request may take as long as it takes
    is_closing: bool = False


class Exchange:
    """One request and its answer. After `run` the client's connection is at the request's end, or lost."""

    def __init__(self, routes: Routes, client: Wire, request: h11.Request, peer: str) -> None:
        self.routes, self.client, self.request, self.peer = routes, client, request, peer
        self._upgrade = heads.wants_websocket(request)
        self._has_body = heads.has_body(request)
        self._started = time.perf_counter()
        self._status: int | None = None  # of the answer, once its head is on its way
        self._client_left = False
        self._is_counted = False

    async def run(self) -> None:
        """Try servers until one has answered. Raises WireLost when the client's connection is over."""
        if not self._has_body:
            self.client.next()  # the end of the request, or a pause for the upgrade
        failed: Place | None = None
        for place in self.routes.balance.places():
            if failed is not None:
                self._went_on(failed, place)
            if await self._answered_by(place):
                return
            failed = place
        await self._give_up(failed)

    async def _answered_by(self, place: Place) -> bool:
        """False: nothing was answered, and another server may be tried."""
        with self.routes.balance.opened(place):
            try:
                upstream = await connected(place.address, self.routes.connect_seconds)
            except OSError:
                self.routes.balance.rest(place.address)
                return False
            try:
                async with asyncio.timeout(self.routes.total_seconds):
                    await self._converse(upstream, place)
            except WireLost as lost:
                return await self._is_over(lost, upstream, place)
            except TimeoutError:
                await self._fail(place, 504)
            finally:
                upstream.abort()
        return True

    async def _converse(self, upstream: Wire, place: Place) -> None:
        upstream.put(heads.request_head(self.request, self.peer, place.address, upgrade=self._upgrade))
        upload = None
        if self._has_body:
            upload = asyncio.create_task(self._upload(upstream))
        else:
            upstream.put(h11.EndOfMessage())
            await upstream.flush()
        self._watch(upstream)
        try:
            await self._download(upstream, place)
        finally:
            self._watch(None)
            if upload is not None:
                upload.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await upload

    async def _upload(self, upstream: Wire) -> None:
        """Bring the body over; whether that worked shows in the answer."""
        try:
            await upstream.flush()
            while True:
                event = self.client.next()
                if isinstance(event, type):
                    await upstream.flush()
                    await self.client.fill()
                    continue
                upstream.put(event)
                if isinstance(event, h11.EndOfMessage):
                    break
            await upstream.flush()
        except WireLost as lost:
            if lost.wire is self.client:
                self._leave(upstream)

    async def _download(self, upstream: Wire, place: Place) -> None:
        while True:
            match upstream.next():
                case h11.InformationalResponse(status_code=101) as switch:
                    return await self._switch(upstream, switch, place)
                case h11.InformationalResponse() as early:
                    self._foretell(early)
                case h11.Response() as response:
                    self._status = response.status_code
                    self.client.put(heads.response_head(response, closing=self.routes.is_closing))
                case h11.Data() as data:
                    self.client.put(data)
                case h11.EndOfMessage() as end:
                    self.client.put(end)
                    self._count(place, self._status or 502)
                    return await self.client.flush()
                case h11.NEED_DATA:
                    await self.client.flush()
                    await upstream.fill()
                case _:  # the connection ended, or paused, where an answer was due
                    raise WireLost(upstream)

    async def _switch(self, upstream: Wire, switch: h11.InformationalResponse, place: Place) -> None:
        self._watch(None)
        self.client.put(heads.informational_head(switch))
        self._count(place, switch.status_code)
        await self.client.flush()
        await tunnel(self.client, upstream)

    def _foretell(self, early: h11.InformationalResponse) -> None:
        if self.request.http_version != b"1.0":
            self.client.put(heads.informational_head(early))

    async def _is_over(self, lost: WireLost, upstream: Wire, place: Place) -> bool:
        if lost.wire is self.client or self._client_left:
            self._count(place, CLIENT_LEFT)
            raise WireLost(self.client) from lost
        is_harmless = self.request.method in (b"GET", b"HEAD") and not self._has_body
        if is_harmless and not upstream.has_received:
            return False
        await self._fail(place, 502)
        return True

    async def _fail(self, place: Place, status: int) -> None:
        self._count(place, status)
        if self._status is not None:
            raise WireLost(self.client)  # half an answer cannot be taken back, only cut
        await self._answer(status, UNANSWERED)

    async def _give_up(self, failed: Place | None) -> None:
        slot, status = (failed.slot, 502) if failed else (NO_SLOT, 503)
        self.routes.totals.count(slot, status, self._seconds())
        await self._answer(status, UNANSWERED if failed else NOBODY)

    async def _answer(self, status: int, text: str) -> None:
        response, body = heads.plain(status, text, closing=self.routes.is_closing)
        for event in (response, body, h11.EndOfMessage()):
            self.client.put(event)
        await self.client.flush()

    def _went_on(self, failed: Place, to: Place) -> None:
        if to.slot == failed.slot:
            self.routes.totals.retried(failed.slot)
        else:
            self.routes.totals.count(failed.slot, 502, self._seconds())

    def _count(self, place: Place, status: int) -> None:
        if not self._is_counted:
            self._is_counted = True
            self.routes.totals.count(place.slot, status, self._seconds())

    def _seconds(self) -> float:
        return time.perf_counter() - self._started

    def _watch(self, upstream: Wire | None) -> None:
        """While an answer is awaited, a client that leaves frees the server too."""
        if isinstance(self.client.reader, WatchedReader):
            self.client.reader.on_end = partial(self._leave, upstream) if upstream else None

    def _leave(self, upstream: Wire) -> None:
        self._client_left = True
        upstream.abort()
