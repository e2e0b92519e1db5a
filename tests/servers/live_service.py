"""The service that live stories deploy: a small HTTP server that behaves as `does.json` in its release says.

`python live_service.py PORT`. Standard library only: it runs without the product, from its release folder.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import cast

EDGES = (0.005, 0.02, 0.1, 0.5, 1.0, 2.0)  # seconds
JSON, HTML, TEXT = "application/json", "text/html", "text/plain"

Answer = tuple[int, str, bytes]  # status, content type, body

ILL: Mapping[str, Answer] = {
    "redirect": (302, TEXT, b""),
    "html": (200, HTML, b"<!doctype html><title>Welcome</title>"),
    "megabyte": (200, JSON, b"x" * 2**20),
    "unhealthy": (500, JSON, b"{}"),
}
"""What /health answers when it is not well."""

NUMBERS: Mapping[str, str] = {
    "metrics nan": 'http_requests_total{status="200"} NaN\n',
    "metrics nothing": "# TYPE something_else counter\nsomething_else 1\n",
    "metrics page": "<html>Please log in</html>\n",
}
"""What /metrics answers when it tells nothing of use."""


class Service:
    """Answers requests, and counts them."""

    def __init__(self, does: Mapping[str, object]) -> None:
        self.does = str(does.get("does", "serve"))
        self.page = str(does.get("page", "Hello"))
        self.bad_share = float(cast("float", does.get("bad_share", 0.25)))
        self.late = float(cast("float", does.get("late", 0.4)))  # seconds, where it does "late"
        self._turns, self._began = 0, time.monotonic()
        self._statuses: Counter[int] = Counter()
        self._buckets: Counter[float] = Counter()

    async def answer(self, path: str) -> Answer:
        """The answer to a GET of `path`, counted unless it is a probe."""
        if path in ("/health", "/metrics", "/about"):
            return self._probe(path)
        began = time.perf_counter()
        found = await self._page(path)
        self._statuses[found[0]] += 1
        self._buckets[next((edge for edge in EDGES if time.perf_counter() - began <= edge), 1e9)] += 1
        return found

    async def _page(self, path: str) -> Answer:
        if path == "/slow":
            await asyncio.sleep(1.0)
        if self.does == "late" and path == "/":
            await asyncio.sleep(self.late)
        self._turns += 1
        is_bad = (
            path == "/"
            and self.does == "errors"
            and int(self._turns * self.bad_share) > int((self._turns - 1) * self.bad_share)
        )
        if is_bad:
            say("ZeroDivisionError: the price of a kettle")
        return (500, TEXT, b"broken\n") if is_bad else (200, TEXT, f"{self.page}\n".encode())

    def _probe(self, path: str) -> Answer:
        if path == "/metrics":
            return 200, TEXT, NUMBERS.get(self.does, self._numbers()).encode()
        if path == "/health" and self.does in ILL:
            return ILL[self.does]
        if path == "/health" and self.does == "sickens" and time.monotonic() - self._began > 2:
            return ILL["unhealthy"]
        about = {name.lower(): os.environ.get(name) for name in ("VERSION", "SLOT", "INSTANCE", "GREETING")}
        return 200, JSON, json.dumps({"status": "ok", **about}).encode()

    def _numbers(self) -> str:
        lines = [f'http_requests_total{{status="{status}"}} {n}' for status, n in self._statuses.items()]
        seen = 0
        for edge in (*EDGES, 1e9):
            seen += self._buckets[edge]
            name = "+Inf" if edge == 1e9 else str(edge)
            lines.append(f'http_request_duration_seconds_bucket{{le="{name}"}} {seen}')
        return "\n".join(["# TYPE http_requests_total counter", *lines, "database_errors_total 0"]) + "\n"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: requests without a body, one after the other."""
        try:
            while await self._is_served(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _is_served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, kind, body = await self.answer(head.split(" ", 2)[1].partition("?")[0])
        keeps = "connection: close" not in head.lower()
        location = "location: /elsewhere\r\n" if status == 302 else ""
        words = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{location}"
        writer.write(f"{words}connection: {'keep-alive' if keeps else 'close'}\r\n\r\n".encode() + body)
        await writer.drain()
        return keeps


def say(line: str) -> None:
    """Write a line of the service's log."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def run(service: Service, port: int) -> None:
    """Serve until SIGTERM."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    server = await asyncio.start_server(service.serve, os.environ.get("HOST", "127.0.0.1"), port)
    say(f"serving on {port}, greeting {os.environ.get('GREETING', 'nobody')}")
    await told.wait()
    server.close()


def main() -> None:
    """Misbehave at the start, or serve."""
    does = json.loads(Path("does.json").read_text())
    service = Service(does)
    if service.does == "crash":
        say("FileNotFoundError: the price list is not there")
        sys.exit(3)
    if service.does == "hang":
        time.sleep(60)
    hoard = b"x" * (90 * 2**20) if service.does == "hoard" else b""
    asyncio.run(run(service, int(sys.argv[1])))
    del hoard


if __name__ == "__main__":
    main()
