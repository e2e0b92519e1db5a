"""The generator: traffic from a process of its own, which outlives this one, for an hour at most."""

from __future__ import annotations

import sys
from pathlib import Path

from orchestrate.demo.counts import TrafficCounts
from orchestrate.demo.mix import Mix
from orchestrate.demo.traffic import PATIENCE, read_counts
from orchestrate.errors import CommandFailed
from tools.commands import CLEAN
from tools.systems.detached import Detached, launched

_PACKAGES = Path(__file__).parents[2]

LIFE_SECONDS = 3600.0


class Generator:
    """Starts the traffic or finds it again, reads its counts, ends it."""

    def __init__(self, url: str, stats: Path, *, rate: float = 60.0, mix: Mix = Mix.PRODUCTION) -> None:
        self._stats = stats.absolute()
        folder = self._stats.with_suffix(".process")
        self._process = Detached(folder)
        self._argv = (
            *(sys.executable, "-m", "orchestrate.demo.traffic", url, "--stats", str(self._stats)),
            *("--rate", str(rate), "--mix", mix.value, "--for", str(LIFE_SECONDS)),
            *("--background", str(folder)),
        )

    async def start(self) -> None:
        """Begin to send, from the shop's first answer on; does nothing when it already does.

        Raises CommandFailed.
        """
        async with self._process.alone():
            if self._process.process() is not None:
                return
            self._stats.unlink(missing_ok=True)
            code, said = await launched(self._argv, {**CLEAN, "PYTHONPATH": str(_PACKAGES)})
            if code:
                raise CommandFailed(self._argv, code, said)

    def counts(self) -> TrafficCounts:
        """At most a second old; all zeros until the first request was sent."""
        return read_counts(self._stats)

    @property
    def is_sending(self) -> bool:
        return self._process.process() is not None

    async def stop(self) -> TrafficCounts:
        """Send no more, wait for what is in flight, and give the final counts."""
        await self._process.end(2 * PATIENCE)
        return self.counts()
