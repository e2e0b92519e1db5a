"""Wires: HTTP/1.1 connections as events in and events out, with backpressure both ways."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import h11

HEAD_BYTES = 32_768  # larger request heads are refused with 431
READ_BYTES = 65_536
LINGER_SECONDS = 1.0
LINGER_BYTES = 1_048_576

Event = h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]


class WireLost(Exception):
    """The other end went away, or does not speak HTTP/1.1; `status` says which to tell it."""

    def __init__(self, wire: Wire, status: int = 400) -> None:
        self.wire, self.status = wire, status
        super().__init__("connection lost")


class WatchedReader(asyncio.StreamReader):
    """A stream that also tells at once when the other end is gone."""

    on_end: Callable[[], None] | None = None

    def feed_eof(self) -> None:
        super().feed_eof()
        self._tell()

    def set_exception(self, exc: Exception) -> None:
        super().set_exception(exc)
        self._tell()

    def _tell(self) -> None:
        if self.on_end is not None:
            self.on_end()


class Wire:
    """One end of an HTTP/1.1 connection; what is put is sent by the next flush."""

    def __init__(
        self,
        role: type[h11.CLIENT] | type[h11.SERVER],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.http = h11.Connection(role, max_incomplete_event_size=HEAD_BYTES)
        self.reader, self.writer = reader, writer
        self.has_received = False
        self._pending: list[bytes] = []

    def next(self) -> Event:
        """The next event that can be had without waiting. Raises WireLost."""
        try:
            return self.http.next_event()
        except h11.RemoteProtocolError as wrong:
            raise WireLost(self, wrong.error_status_hint) from wrong

    async def event(self) -> Event:
        """The next event. Raises WireLost."""
        while (event := self.next()) is h11.NEED_DATA:
            await self.fill(HEAD_BYTES // 2)
        return event

    async def fill(self, size: int = READ_BYTES) -> None:
        """Wait for more bytes. Raises WireLost."""
        data = await self.read(size)
        self.has_received = self.has_received or bool(data)
        try:
            self.http.receive_data(data)
        except h11.RemoteProtocolError as wrong:
            raise WireLost(self, wrong.error_status_hint) from wrong

    async def read(self, size: int = READ_BYTES) -> bytes:
        """Raw bytes; empty at the end. Raises WireLost."""
        try:
            return await self.reader.read(size)
        except OSError as lost:
            raise WireLost(self) from lost

    def put(self, event: h11.Event) -> None:
        """Say `event`, with the next flush. Raises WireLost when it cannot be said now."""
        try:
            self._pending += self.http.send_with_data_passthrough(event) or []
        except h11.LocalProtocolError as wrong:
            raise WireLost(self) from wrong

    async def flush(self) -> None:
        """Send what was put, and wait while the other end is slow. Raises WireLost."""
        if self._pending:
            data, self._pending = b"".join(self._pending), []
            await self.write(data)

    async def write(self, data: bytes) -> None:
        """Send raw bytes, and wait while the other end is slow. Raises WireLost."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError as lost:
            raise WireLost(self) from lost

    def abort(self) -> None:
        """Reset the connection now."""
        self.writer.transport.abort()

    def close(self) -> None:
        """Close after what was written is sent."""
        self.writer.close()

    async def linger(self) -> None:
        """Let the other end read the answer although it was not fully heard: closing now would reset it."""
        with contextlib.suppress(OSError, TimeoutError):
            if self.writer.can_write_eof():
                self.writer.write_eof()
            async with asyncio.timeout(LINGER_SECONDS):
                left = LINGER_BYTES
                while left > 0 and (data := await self.reader.read(READ_BYTES)):
                    left -= len(data)


async def connected(address: str, seconds: float) -> Wire:
    """A new connection to a server. Raises OSError (TimeoutError included)."""
    host, _, port = address.rpartition(":")
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(host.strip("[]"), int(port), limit=READ_BYTES)
    return Wire(h11.CLIENT, reader, writer)
