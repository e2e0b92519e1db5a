"""The generator: traffic from a process of its own, so that it measures the shop and not us."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

from orchestrate.demo.counts import TrafficCounts
from orchestrate.demo.mix import Mix
from orchestrate.demo.traffic import PATIENCE, read_counts
from tools.commands import CLEAN

_PACKAGES = Path(__file__).parents[2]


class Generator:
    """Starts the traffic, reads its counts, ends it. It ends by itself when this process is gone."""

    def __init__(self, url: str, stats: Path, *, rate: float = 60.0, mix: Mix = Mix.PRODUCTION) -> None:
        self._stats = stats.absolute()
        self._argv = (
            *(sys.executable, "-m", "orchestrate.demo.traffic", url, "--stats", str(self._stats)),
            *("--rate", str(rate), "--mix", mix.value),
        )
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin to send; does nothing when it already sends."""
        if self._process is None:
            self._stats.unlink(missing_ok=True)
            self._process = await asyncio.create_subprocess_exec(
                *self._argv,
                cwd=_PACKAGES,
                env=dict(CLEAN),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )

    def counts(self) -> TrafficCounts:
        """At most a second old; all zeros until the first request was sent."""
        return read_counts(self._stats)

    async def stop(self) -> TrafficCounts:
        """Send no more, wait for what is in flight, and give the final counts."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), 2 * PATIENCE)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
            self._process = None
        return self.counts()
