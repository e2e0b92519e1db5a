"""Usage: what a container takes of this machine."""

from __future__ import annotations

import time
from collections.abc import Iterable

from tools.providers.docker.containers import MIB, PART, Container
from tools.providers.docker.engine import Answer, Engine, Facts, at

BILLION = 1e9


class Usage:
    """Remembers the last look, so that the CPU of the time in between can be told."""

    def __init__(self) -> None:
        self._last: dict[
            tuple[str, str], tuple[float, float]
        ] = {}  # component, container → time, CPU seconds

    async def of(self, engine: Engine, one: Container) -> tuple[float | None, float | None]:
        """Percent of one core since the last look (the first time: since the start), and MiB."""
        if one.state.status != "running":
            return None, None
        query = {"stream": "false", "one-shot": "true"}
        answer = await engine.ask("GET", f"/containers/{one.key}/stats", query)
        found = _facts(answer)
        spent, held = _number(found, "cpu_stats", "cpu_usage", "total_usage"), _held(found)
        if spent is None:
            return None, held
        seconds, now = spent / BILLION, time.time()
        which = (one.label(PART), one.key)
        then, before = self._last.get(which, (one.started_at.timestamp(), 0.0))
        self._last[which] = (now, seconds)
        return max(0.0, 100 * (seconds - before) / max(now - then, 0.01)), held

    def forget_but(self, component: str, keys: Iterable[str]) -> None:
        """Of this component; the others are looked at in turns of their own."""
        kept = {(component, key) for key in keys}
        self._last = {one: last for one, last in self._last.items() if one in kept or one[0] != component}


def _facts(answer: Answer) -> Facts:
    """What it takes; nothing of a container that ends just now, of which the engine says nothing."""
    return answer.facts() if answer.status == 200 and answer.body else {}


def _held(found: Facts) -> float | None:
    """MiB without the files that the kernel keeps at hand."""
    usage = _number(found, "memory_stats", "usage")
    cached = _number(found, "memory_stats", "stats", "total_inactive_file")
    cached = cached if cached is not None else _number(found, "memory_stats", "stats", "inactive_file")
    return None if usage is None else max(0.0, usage - (cached or 0)) / MIB


def _number(facts: Facts, *way: str) -> float | None:
    found = at(facts, *way)
    return float(found) if isinstance(found, int | float) else None
