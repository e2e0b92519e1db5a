"""The wire: one HTTP/1.1 request over a connection that is kept, or made anew."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from orchestrate.demo.mix import Call

_FRESH = 2.0  # seconds for which an idle connection is trusted to be still wanted by the other side


class Malformed(Exception):
    """The bytes that came are no answer."""


@dataclass
class _Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    used: float

    def is_usable(self, now: float) -> bool:
        return not self.reader.at_eof() and not self.writer.is_closing() and now - self.used < _FRESH


class Wire:
    """Sends requests to one address; never sends a request twice."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: deque[_Line] = deque()

    async def status(self, call: Call, fresh: bool) -> int:
        """Send `call`, read the whole answer, give its status; `fresh`: over a connection for it alone.

        Raises OSError, asyncio.IncompleteReadError, Malformed.
        """
        line = await self._line(fresh)
        kept = False
        try:
            line.writer.write(self._bytes(call, fresh))
            status, keep = await _answer(line.reader)
            kept = keep and not fresh
        finally:
            self._keep(line) if kept else line.writer.close()
        return status

    def close(self) -> None:
        while self._idle:
            self._idle.pop().writer.close()

    def _keep(self, line: _Line) -> None:
        line.used = time.monotonic()
        self._idle.append(line)
        while not self._idle[0].is_usable(line.used):
            self._idle.popleft().writer.close()

    async def _line(self, fresh: bool) -> _Line:
        while self._idle and not fresh:
            line = self._idle.pop()
            if line.is_usable(time.monotonic()):
                return line
            line.writer.close()
        reader, writer = await asyncio.open_connection(self._host, self._port)
        return _Line(reader, writer, time.monotonic())

    def _bytes(self, call: Call, fresh: bool) -> bytes:
        head = (
            f"{call.method} {call.target} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Content-Length: {len(call.body)}\r\nConnection: {'close' if fresh else 'keep-alive'}\r\n\r\n"
        )
        return head.encode() + call.body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Status, and whether the connection can be kept. Reads the body to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    first, *lines = head.rstrip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    protocol, _, rest = first.partition(" ")
    if not protocol.startswith("http/1.") or not rest[:3].isdecimal():
        raise Malformed(first)
    keep = protocol == "http/1.1" and headers.get("connection") != "close"
    status = int(rest[:3])
    if status in (204, 304):
        return status, keep
    if headers.get("transfer-encoding") == "chunked":
        await _chunks(reader)
    elif "content-length" in headers:
        await reader.readexactly(int(headers["content-length"]))
    else:
        await reader.read()
        keep = False
    return status, keep


async def _chunks(reader: asyncio.StreamReader) -> None:
    size = -1
    while size:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        await reader.readexactly(size + 2)
