"""What a gigabyte of a service's log costs its supervisor."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Start
from orchestrate.models.smoke import HealthCheck
from tests.bench.table import Row
from tests.servers.sample_service import environment, silent, version
from tools.providers.process.provider import ProcessProvider
from tools.providers.process.records import read_spec, read_state
from tools.traffic import MemoryTraffic

BYTES = 2**30
MOST_RSS = 5.0  # MB
LOOK = 0.02

PROGRAM = f"""
import os, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

LINE = b"x" * 127 + b"\\n"


def flood():
    while not Path("go").exists():
        time.sleep(0.05)
    left = {BYTES}
    while left:
        left -= os.write(1, LINE * min(512, left // 128))
    Path("done").touch()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(b'{{"status": "ok"}}')

    def log_message(self, *words):
        pass


Thread(target=flood, daemon=True).start()
HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@dataclass(frozen=True)
class Flood:
    """A captured gigabyte; megabytes and seconds."""

    seconds: float
    before: float
    most: float
    disk: int
    cap: int


def measured(folder: Path) -> list[Row]:
    found = asyncio.run(_flooded(folder / "root"))
    grown = found.most - found.before
    return [
        Row(
            what=f"1 GB of log in {found.seconds:.1f} s: supervisor's RSS grows by",
            measured=f"{grown:.1f} MB",
            reference=f"{found.before:.0f} MB before",
            ratio=found.most / found.before,
            target=f"bounded (≤ {MOST_RSS:.0f} MB)",
            ok=grown <= MOST_RSS,
        ),
        Row(
            what="1 GB of log: kept on disk",
            measured=f"{found.disk / 2**20:.1f} MB",
            reference=f"cap {found.cap / 2**20:.1f} MB",
            ratio=found.disk / found.cap,
            target="≤ 1",
            ok=found.disk <= found.cap,
        ),
    ]


async def _flooded(root: Path) -> Flood:
    web = Component(
        name="web",
        run=(sys.executable, "-S", "service.py", "{port}"),
        port=8080,
        instances=1,
        health=HealthCheck(expect={"status": "ok"}, start_seconds=10, timeout=2),
    )
    provider = ProcessProvider(environment(root, web), None, lambda _: MemoryTraffic())
    first = version("v1")
    await provider.build(web, first, _checkout, silent)
    await provider.apply(web, Start(component="web", slot="blue", version=first, instances=1), silent)
    try:
        return await asyncio.to_thread(_watched, root / "instances" / "web" / "blue-1")
    finally:
        await provider.stop_all(web)


def _watched(instance: Path) -> Flood:
    """Open the sluice, and look at the supervisor until all of it has come through."""
    state, spec = read_state(instance), read_spec(instance)
    if state is None or state.child is None or spec is None:
        raise RuntimeError("the service does not run")
    supervisor, service = psutil.Process(state.supervisor.pid), psutil.Process(state.child.pid)
    before = most = supervisor.memory_info().rss
    began = time.perf_counter()
    release = Path(service.cwd())
    (release / "go").touch()
    while not (release / "done").exists():
        most = max(most, supervisor.memory_info().rss)
        time.sleep(LOOK)
    seconds = time.perf_counter() - began
    time.sleep(0.5)  # the last chunks
    disk = sum(file.stat().st_size for file in instance.glob("*.log"))
    most = max(most, supervisor.memory_info().rss)
    return Flood(seconds, before / 1e6, most / 1e6, disk, spec.log_cap)


async def _checkout(version: Version, folder: Path) -> None:
    (folder / "service.py").write_text(PROGRAM)
