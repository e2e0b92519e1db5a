"""Answers that are none: cut, endless, slow, of another kind, or of nobody who was asked."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping

from tests.servers.raw import Part

FLOOD = 64 * 1024
MOST_SENT = 24 * 1024 * 1024
"""Bytes that a never-ending answer may get rid of, buffers of the machine included."""

sent: dict[str, int] = {}
"""How much of each endless answer was taken."""


def head(status: str = "200 OK", kind: str = "application/json", extra: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{extra}".encode()


def whole(content: bytes, status: str = "200 OK", kind: str = "application/json", extra: str = "") -> bytes:
    return head(status, kind, extra) + b"content-length: %d\r\n\r\n" % len(content) + content


def says(content: bytes) -> Part:
    """Say it as soon as something is asked, and hang up."""

    async def play(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.read(FLOOD)
        writer.write(content)
        await writer.drain()

    return play


def drips(content: bytes) -> Part:
    """Say the beginning, then one more byte now and then, for ever."""

    async def play(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.read(FLOOD)
        writer.write(content)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    return play


def floods(name: str, content: bytes) -> Part:
    """Say the beginning, and then never end."""

    async def play(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.read(FLOOD)
        writer.write(content)
        sent[name] = 0
        while sent[name] <= 2 * MOST_SENT:
            writer.write(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")
            await writer.drain()
            sent[name] += 0x8000

    return play


async def resets(reader: StreamReader, writer: StreamWriter) -> None:
    """Hear, and break the connection in the middle of the answer."""
    await reader.read(FLOOD)
    writer.write(head())
    await writer.drain()
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def silent(reader: StreamReader, writer: StreamWriter) -> None:  # noqa: ARG001 - a Part hears and says
    """Hear, and never say anything."""
    await reader.read(-1)


PAGE = b"<!doctype html><html><body>Log in, please. status ok</body></html>"
BOMB = gzip.compress(b"0" * 20_000_000)

GARBAGE: Mapping[str, Part] = {
    "nothing": says(b""),
    "silence": silent,
    "a head that is cut": says(b"HTTP/1.1 200 OK\r\ncontent-ty"),
    "a body that is cut": says(head() + b'content-length: 900\r\n\r\n{"status": "success", "da'),
    "chunks that are cut": says(head() + b'transfer-encoding: chunked\r\n\r\nff\r\n{"status": "ok"'),
    "an empty body": says(whole(b"")),
    "no content": says(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "a page": says(whole(PAGE, kind="text/html")),
    "a page that is called JSON": says(whole(PAGE)),
    "a picture": says(whole(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), kind="image/png")),
    "no UTF-8": says(whole(b'{"status": "\xff\xfe\xfd"}')),
    "half of JSON": says(whole(b'{"status": "success", "data": {"result": [{"metric": {')),
    "deep JSON": says(whole(b"[" * 50_000)),
    "null": says(whole(b"null")),
    "NaN": says(whole(b'{"status": NaN, "data": {"result": [NaN, NaN]}}')),
    "the wrong shape": says(whole(b'{"status": ["ok"], "weights": 7, "slots": "all", "pid": "x"}')),
    "not HTTP": says(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "a redirect": says(whole(b"", "302 Found", extra="location: http://169.254.169.254/latest\r\n")),
    "401": says(whole(b'{"status": "ok"}', "401 Unauthorized")),
    "403": says(whole(b'{"status": "ok"}', "403 Forbidden")),
    "429": says(whole(b'{"status": "ok"}', "429 Too Many Requests", extra="retry-after: 30\r\n")),
    "503": says(whole(b'{"status": "ok"}', "503 Service Unavailable")),
    "a bomb": says(whole(BOMB, extra="content-encoding: gzip\r\n")),
    "a reset": resets,
    "a slow head": drips(b"HTTP/1.1 200 OK\r\nx-slow: "),
    "a slow body": drips(head() + b"content-length: 90000\r\n\r\n"),
    "a head without an end": floods("a head without an end", b"HTTP/1.1 200 OK\r\nx-long: "),
    "a body without an end": floods("a body without an end", head() + b"transfer-encoding: chunked\r\n\r\n"),
}
"""Every way in which an HTTP server, or whoever has its port, answers without saying anything."""
