"""`python -m tests.bench.serving SETTINGS SECONDS`: serve as a worker does, and tell what it costs, as JSON.

A line `ready` comes first; after the measured seconds it goes on until its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from pathlib import Path

import psutil

from orchestrate.app import assembled
from orchestrate.settings import load
from orchestrate.worker import Serving

WARM = 8.0  # seconds


def main() -> None:
    asyncio.run(_serve(Path(sys.argv[1]), float(sys.argv[2])))


async def _serve(settings: Path, seconds: float) -> None:
    async with assembled(load(settings)) as app:
        stop = asyncio.Event()
        serving = asyncio.create_task(Serving(app=app).serve(stop))
        await asyncio.sleep(WARM)
        _tell({"ready": True})
        _tell(await _cost(seconds))
        await asyncio.to_thread(sys.stdin.read)
        stop.set()
        await serving


async def _cost(seconds: float) -> dict[str, float]:
    me = psutil.Process()
    began, cpu = time.monotonic(), time.process_time()
    await asyncio.sleep(seconds)
    return {
        "cpu": (time.process_time() - cpu) / (time.monotonic() - began),
        "rss": me.memory_info().rss / 1e6,
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
        "processes": len(me.children(recursive=True)),
    }


def _tell(facts: dict[str, float]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
