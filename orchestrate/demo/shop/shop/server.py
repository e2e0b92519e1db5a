"""HTTP/1.1 with keep-alive on asyncio, which finishes what is in flight before it stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

LONGEST_BODY = 65_536  # bytes
GRACE = 0.3  # seconds in which an idle connection may still send what was on its way
PATIENCE = 20.0  # seconds for requests in flight


@dataclass(frozen=True)
class Request:
    """What a client asks."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    keep_alive: bool

    @property
    def country(self) -> str:
        return self.query.get("country", "").upper()[:2]


@dataclass(frozen=True)
class Answer:
    """What the client gets."""

    status: int
    body: bytes
    type: str = "application/json"

    def encoded(self, keep_alive: bool, with_body: bool) -> bytes:
        head = (
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n"
            f"Content-Type: {self.type}\r\n"
            f"Content-Length: {len(self.body)}\r\n"
            f"Connection: {'keep-alive' if keep_alive else 'close'}\r\n\r\n"
        )
        return head.encode() + (self.body if with_body else b"")


class BadRequest(Exception):
    """The bytes are not a request that this server reads."""


class Server:
    """Reads requests from connections and writes what `answer` says."""

    def __init__(self, answer: Callable[[Request], Awaitable[Answer]]) -> None:
        self._answer = answer
        self._listener: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def in_flight(self) -> int:
        return len(self._open) - len(self._idle)

    async def listen(self, port: int) -> int:
        """Start to answer on the loopback address; gives the port."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", port, backlog=512)
        return int(self._listener.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Take no new connection, finish requests in flight, close."""
        self._stopping = True
        if self._listener:
            self._listener.close()
        if self._open:
            await asyncio.wait(self._open, timeout=GRACE)
        for task in self._idle:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=PATIENCE)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._open.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._converse(task, reader, writer)
        finally:
            self._open.discard(task)
            self._idle.discard(task)
            writer.close()

    async def _converse(
        self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        keep_alive = True
        while keep_alive:
            self._idle.add(task)
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                self._idle.discard(task)
                request = await _request(head, reader)
            except (BadRequest, asyncio.LimitOverrunError):
                writer.write(Answer(400, b'{"error": "bad request"}').encoded(False, True))
                await writer.drain()
                return
            answer = await self._answer(request)
            keep_alive = request.keep_alive and not self._stopping
            writer.write(answer.encoded(keep_alive, request.method != "HEAD"))
            await writer.drain()


async def _request(head: bytes, reader: asyncio.StreamReader) -> Request:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    try:
        method, target, protocol = first.split(" ")
        headers = {
            name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)
        }
        length = int(headers.get("content-length", "0"))
        url = urlsplit(target)
    except ValueError as error:
        raise BadRequest(first) from error
    if not 0 <= length <= LONGEST_BODY or "transfer-encoding" in headers:
        raise BadRequest("length")
    wish = headers.get("connection", "keep-alive" if protocol == "HTTP/1.1" else "close")
    body = await reader.readexactly(length) if length else b""
    return Request(method, unquote(url.path), dict(parse_qsl(url.query)), body, wish.lower() == "keep-alive")
