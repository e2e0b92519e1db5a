"""How soon a bad canary loses its traffic: real processes, proxy, load, worker and clock."""

from __future__ import annotations

import asyncio
from pathlib import Path
from statistics import median
from typing import NamedTuple

from orchestrate.models.deployment import Outcome
from tests.bench.table import Row
from tests.servers.live import Live, does, environment, live
from tests.servers.load import Load
from tests.servers.ports import free_ports

ROUNDS = 3
INTERVAL = 1.0  # seconds between samples, as `environment` says
MOST = 2.0  # seconds until the weights are back


class Times(NamedTuple):
    """Seconds since the sample that decided was read."""

    verdict: float
    begun: float
    back: float  # as the router tells anybody who asks


def measured(folder: Path) -> list[Row]:
    return asyncio.run(_measured(folder))


async def _measured(folder: Path) -> list[Row]:
    taken: list[Times] = []
    for number in range(ROUNDS):
        (port,) = free_ports(1)
        own = folder / str(number)
        own.mkdir()
        async with live(own, {"production": environment(port)}) as here:
            taken.append(await _taken_back(here, port))
    begun = [one.begun for one in taken]
    back = [one.back for one in taken]
    return [
        _row("rollback: bad sample → begun", begun, INTERVAL, "≤ one sampling interval"),
        _row("rollback: bad sample → weights back", back, MOST, "≤ 2 s"),
    ]


async def _taken_back(here: Live, port: int) -> Times:
    """Deploy a version a third of whose answers fail, under load, and read when what happened."""
    request = await here.request(change=await here.change("bad", does("errors", bad_share=0.34)))
    load = Load(here.folder / "load", port)
    await load.start()
    try:
        row = await here.run(request)
    finally:
        await load.end()
    if row.outcome is not Outcome.ROLLED_BACK:
        raise RuntimeError(f"{row.id} ended {row.outcome}: {row.reason}")
    watches = here.app.store.watches.of(row.id)
    decided = max(one.at for one in here.app.store.watches.samples(watches[-1].id))
    verdict = here.events(row.id, "verdict")[-1].at
    begun = here.events(row.id, "undo")[0].at
    back = next(at for at, weights in here.weights if at > decided and weights == {"blue": 100})
    return Times(verdict - decided, begun - decided, back - decided)


def _row(what: str, seconds: list[float], most: float, words: str) -> Row:
    worst = max(seconds)
    return Row(
        what=what,
        measured=f"{median(seconds):.2f} s, worst {worst:.2f} s",
        reference=f"{most:.0f} s",
        ratio=worst / most,
        target=words,
        ok=worst <= most,
    )
