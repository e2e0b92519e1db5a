"""Traffic: customers who keep coming at a steady rate, whatever the shop does, and what became of them."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from orchestrate.demo.counts import Tally, TrafficCounts
from orchestrate.demo.mix import Call, Mix, calls
from orchestrate.demo.wire import Malformed, Wire
from tools.systems.detached import Detached

PATIENCE = 5.0  # seconds a customer waits for an answer
DOOR = Call("GET", "/health")
_LATEST = 0.5  # seconds; requests that this machine was too busy to send are not sent later in a heap
_NEW = 0.15  # share of requests over a connection of their own


class Traffic:
    """Sends `rate` requests per second to `url`, open loop: a slow answer never delays the next request."""

    def __init__(
        self,
        url: str,
        *,
        rate: float = 60.0,
        mix: Mix = Mix.PRODUCTION,
        seed: int = 1974,
        patience: float = PATIENCE,
    ) -> None:
        address = urlsplit(url)
        self._wire = Wire(address.hostname or "127.0.0.1", address.port or 80)
        self._pause = 1.0 / rate
        self._patience = patience
        self._calls = calls(mix, seed)
        self._chance = Random(seed)  # noqa: S311 - a repeatable mix, not a secret
        self._tally = Tally()
        self._flying: set[asyncio.Task[None]] = set()
        self._pump: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to send; does nothing when it already sends."""
        if self._pump is None:
            self._pump = asyncio.create_task(self._send_on())

    async def begin(self) -> None:
        """Begin to send if the shop is open; a shop that was never open has no customers."""
        if not self.is_sending and await self._outcome(DOOR, fresh=True) is None:
            self.start()

    @property
    def is_sending(self) -> bool:
        return self._pump is not None

    async def stop(self) -> TrafficCounts:
        """Send no more, wait for what is in flight, and give the final counts."""
        if self._pump is not None:
            self._pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pump
            self._pump = None
        if self._flying:
            await asyncio.wait(self._flying)
        self._wire.close()
        return self.snapshot()

    def snapshot(self) -> TrafficCounts:
        return self._tally.counts(time.time())

    async def _send_on(self) -> None:
        due = time.monotonic()
        while True:
            due = max(due + self._pause, time.monotonic() - _LATEST)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            task = asyncio.create_task(self._send(next(self._calls), self._chance.random() < _NEW))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)

    async def _send(self, call: Call, fresh: bool) -> None:
        began = time.perf_counter()
        self._tally.sent(time.time())
        error = await self._outcome(call, fresh)
        self._tally.ended(time.time(), time.perf_counter() - began, error)

    async def _outcome(self, call: Call, fresh: bool) -> str | None:
        try:
            async with asyncio.timeout(self._patience):
                status = await self._wire.status(call, fresh)
        except TimeoutError:
            return "timeout"
        except ConnectionRefusedError:
            return "refused"
        except (ConnectionError, asyncio.IncompleteReadError):
            return "reset"
        except (Malformed, ValueError, asyncio.LimitOverrunError):
            return "malformed"
        except OSError:
            return "unreachable"
        return f"status_{status}" if status >= 500 else None


def read_counts(file: Path) -> TrafficCounts:
    """What a separate generator wrote last; nothing yet is all zeros."""
    try:
        return TrafficCounts.model_validate_json(file.read_text())
    except FileNotFoundError:
        return TrafficCounts()


def write_counts(file: Path, counts: TrafficCounts) -> None:
    """Put `counts` in place of what `file` held, so that a reader sees the one or the other."""
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.write_text(counts.model_dump_json())
    fresh.replace(file)


async def generate(traffic: Traffic, stats: Path, seconds: float | None = None) -> None:
    """Send from the shop's first answer until SIGTERM or SIGINT, or for `seconds`; without `seconds`, while
    the starting process lives.
    """
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    parent, began = os.getppid(), time.monotonic()
    while not told.is_set():
        await traffic.begin()
        is_over = os.getppid() != parent if seconds is None else time.monotonic() - began > seconds
        if is_over:
            break
        write_counts(stats, traffic.snapshot())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), 1.0 if traffic.is_sending else 0.2)
    write_counts(stats, await traffic.stop())


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m orchestrate.demo.traffic", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rate", type=float, default=60.0, help="requests per second")
    parser.add_argument("--mix", type=Mix, default=Mix.PRODUCTION, choices=list(Mix))
    parser.add_argument("--seed", type=int, default=1974)
    parser.add_argument(
        "--stats", type=Path, required=True, help="file that holds the counts, renewed each second"
    )
    parser.add_argument("--for", type=float, dest="life", help="seconds; outlives its starter meanwhile")
    parser.add_argument(
        "--background", type=Path, metavar="FOLDER", help="go there, and be found again by what FOLDER tells"
    )
    chosen = parser.parse_args(words)
    if chosen.background and _is_launcher(chosen.background):
        return

    async def send() -> None:
        traffic = Traffic(chosen.url, rate=chosen.rate, mix=chosen.mix, seed=chosen.seed)
        await generate(traffic, chosen.stats, chosen.life)

    asyncio.run(send())


def _is_launcher(folder: Path) -> bool:
    """Go on in a process of its own, without anybody's terminal; the launcher remembers who that is."""
    if child := os.fork():
        Detached(folder).remember(child)
        return True
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    return False


if __name__ == "__main__":
    main()
