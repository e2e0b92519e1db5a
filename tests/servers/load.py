"""Load from outside: kept connections, new connections and long requests, each from a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from orchestrate.demo.counts import TrafficCounts
from orchestrate.demo.mix import Call
from orchestrate.demo.wire import Wire
from tools.commands import CLEAN

LONGEST = 120  # seconds
PATIENCE = 8  # seconds that an answer may take

SCRIPT = """
function delay() return math.random(%d, %d) end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n{"requests": %%d, "microseconds": %%d, "connect": %%d, "read": %%d, ',
    summary.requests, summary.duration, e.connect, e.read))
  io.write(string.format('"write": %%d, "status": %%d, "timeout": %%d, "longest": %%d}\\n',
    e.write, e.status, e.timeout, latency.max))
end
"""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What one generator sent, and what became of it; `longest` in microseconds."""

    requests: int
    microseconds: int
    connect: int = 0
    read: int = 0
    write: int = 0
    status: int = 0  # answers of 400 and above
    timeout: int = 0
    longest: int = 0

    @property
    def broken(self) -> int:
        """Requests that were refused, reset or not answered in time."""
        return self.connect + self.read + self.write + self.timeout

    @property
    def failed(self) -> int:
        return self.broken + self.status

    @property
    def rate(self) -> float:
        return self.requests / (self.microseconds / 1e6)


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One way of sending: so many connections, each with a pause of milliseconds before a request."""

    name: str
    path: str = "/"
    connections: int
    pause: int
    keeps: bool = True


KEPT = Stream(name="kept", connections=8, pause=160)
NEW = Stream(name="new", connections=5, pause=160, keeps=False)
LONG = Stream(name="long", path="/slow", connections=3, pause=20)
STREAMS = (KEPT, NEW, LONG)


class Load:
    """Sends to one port from `start` until `end`."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self._port = folder, port
        self._running: list[tuple[Stream, asyncio.subprocess.Process]] = []
        self._long: asyncio.Task[Counts] | None = None

    async def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for stream in STREAMS:
            if shutil.which("wrk"):
                self._running.append((stream, await self._started(self._wrk(stream))))
            elif stream is KEPT:
                self._running.append((stream, await self._started(self._demo())))
            elif stream is LONG:
                self._long = asyncio.create_task(_long_requests(self._port))

    async def end(self) -> dict[str, Counts]:
        """Send no more; what each stream saw, by its name."""
        found: dict[str, Counts] = {}
        for _, process in self._running:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
        for stream, process in self._running:
            said, _ = await process.communicate()
            found[stream.name] = self._read(said)
        if self._long is not None:
            self._long.cancel()
            found[LONG.name] = await self._long
        self._running, self._long = [], None
        return found

    def _wrk(self, stream: Stream) -> list[str]:
        script = self._folder / f"{stream.name}.lua"
        script.write_text(SCRIPT % (stream.pause * 3 // 4, stream.pause * 5 // 4))
        return [
            *("wrk", "--threads", "1", "--connections", str(stream.connections)),
            *("--duration", str(LONGEST), "--timeout", str(PATIENCE), "--script", str(script)),
            *(() if stream.keeps else ("--header", "Connection: close")),
            f"http://127.0.0.1:{self._port}{stream.path}",
        ]

    def _demo(self) -> list[str]:
        """Kept and new connections from the demo's generator, where wrk is not installed."""
        return [
            *(sys.executable, "-m", "orchestrate.demo.traffic", f"http://127.0.0.1:{self._port}"),
            *("--rate", "80", "--stats", str(self._folder / "counts.json")),
        ]

    async def _started(self, argv: list[str]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *argv,
            cwd=Path(__file__).parents[2],
            env=dict(CLEAN),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )

    def _read(self, said: bytes) -> Counts:
        if shutil.which("wrk"):
            return Counts(**json.loads(said.decode().strip().rsplit("\n", 1)[-1]))
        told = TrafficCounts.model_validate_json((self._folder / "counts.json").read_text())
        bad = sum(count for kind, count in told.errors.items() if kind.startswith("status"))
        span = len(told.seconds) * 1_000_000
        return Counts(requests=told.sent, microseconds=span, status=bad, read=told.failed - bad)


async def _long_requests(port: int) -> Counts:
    """Three requests of a second at a time, until told to stop."""
    wire, began, ended, broken = Wire("127.0.0.1", port), time.monotonic(), 0, 0

    async def one() -> None:
        nonlocal ended, broken
        while True:
            try:
                status = await wire.status(Call("GET", LONG.path), fresh=True)
            except (OSError, asyncio.IncompleteReadError):
                status = 0
            ended, broken = ended + 1, broken + (status != 200)

    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*(one() for _ in range(LONG.connections)))
    span = round((time.monotonic() - began) * 1e6)
    return Counts(requests=ended, microseconds=span, read=broken)
