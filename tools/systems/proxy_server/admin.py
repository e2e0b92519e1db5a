"""The admin listener: the table and the numbers, on loopback, for whoever knows the token."""

from __future__ import annotations

import asyncio
import hmac
import json
import os
from pathlib import Path

import h11

from tools.systems.proxy_server.exchange import Routes
from tools.systems.proxy_server.table import Table, TableInvalid
from tools.systems.proxy_server.wire import Wire, WireLost
from tools.systems.whole import write_whole

BODY_BYTES = 1_048_576
PATIENCE_SECONDS = 10.0
JSON = "application/json"
METRICS = "text/plain; version=0.0.4; charset=utf-8"

Answer = tuple[int, str, str]  # status, content type, text


class Admin:
    """Answers one request per connection. `/metrics` needs no token."""

    def __init__(self, routes: Routes, token: str, file: Path) -> None:
        self._routes, self._token, self._file = routes, token, file
        self._change = asyncio.Lock()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(h11.SERVER, reader, writer)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                request, body = await self._heard(wire)
                await self._say(wire, await self._answer(request, body))
            wire.close()
        except (WireLost, TimeoutError):
            wire.abort()

    async def _heard(self, wire: Wire) -> tuple[h11.Request, bytes]:
        request = await wire.event()
        if not isinstance(request, h11.Request):
            raise WireLost(wire)
        body = bytearray()
        while isinstance(event := await wire.event(), h11.Data):
            body += event.data
            if len(body) > BODY_BYTES:
                raise WireLost(wire)
        return request, bytes(body)

    async def _answer(self, request: h11.Request, body: bytes) -> Answer:
        asked = f"{request.method.decode()} {request.target.decode()}"
        if asked == "GET /metrics":
            return 200, METRICS, self._routes.totals.exposition(self._routes.balance.open())
        if not self._is_allowed(request):
            return 401, JSON, '{"error": "the token is missing or wrong"}'
        match asked:
            case "GET /table":
                return 200, JSON, self._table()
            case "PUT /table":
                return await self._replace(body)
            case "GET /counters":
                return 200, JSON, self._counters()
            case _:
                return 404, JSON, '{"error": "there is nothing here"}'

    def _is_allowed(self, request: h11.Request) -> bool:
        given = next((value for name, value in request.headers if name == b"authorization"), b"")
        return hmac.compare_digest(given, f"Bearer {self._token}".encode())

    def _table(self) -> str:
        table = self._routes.balance.table
        return json.dumps({"pid": os.getpid(), "servers": table.servers, "weights": table.weights})

    async def _replace(self, body: bytes) -> Answer:
        """On disk first, so that a proxy that is started again has what it promised."""
        try:
            table = Table.parse(body)
        except TableInvalid as invalid:
            return 400, JSON, json.dumps({"error": str(invalid)})
        async with self._change:
            await asyncio.to_thread(write_whole, self._file, table.text())
            self._routes.balance.replace(table)
        return 200, JSON, self._table()

    def _counters(self) -> str:
        return json.dumps({"slots": self._routes.totals.counters(), "open": self._routes.balance.open()})

    async def _say(self, wire: Wire, answer: Answer) -> None:
        status, kind, text = answer
        body = text.encode()
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("Connection", "close")]
        wire.put(h11.Response(status_code=status, headers=headers))
        wire.put(h11.Data(data=body))
        wire.put(h11.EndOfMessage())
        await wire.flush()
