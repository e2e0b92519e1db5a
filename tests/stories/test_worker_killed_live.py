"""A worker that is killed in a canary, or on the way back: another one brings it to the same end."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from orchestrate.models.deployment import Outcome
from tests.servers.live import does, environment, killed, live
from tests.servers.load import Load
from tests.servers.ports import free_ports
from tests.servers.under_load import breaks, page
from tests.servers.workers import PATIENCE, killed_at, queued, worker

MOMENTS = {
    "while instances start": ("move", "web: start 2"),
    "while the traffic moves": ("move", "web: traffic blue 50 %"),
    "while it is watched": ("moved_on", "web: traffic blue 50 %"),
}


ONE_OF_THEM = "while it is watched"


@pytest.mark.parametrize(
    "moment", [one if one == ONE_OF_THEM else pytest.param(one, marks=pytest.mark.slow) for one in MOMENTS]
)
async def test_a_killed_worker_costs_neither_the_canary_nor_a_request(folder: Path, moment: str) -> None:
    (port,) = free_ports(1)
    load = Load(folder / "load", port)
    words = environment(port, canary=[{"share": "50 %", "seconds": 3}])
    async with live(folder, {"production": words}) as shop, worker(folder) as process:
        await load.start()
        try:
            task = await queued(shop, await shop.change("again", does(page="Hello again")))
            row = await killed_at(shop, process, task, *MOMENTS[moment])
            ended = await shop.serve(row.id)
        finally:
            seen = await load.end()

        assert ended.outcome is Outcome.DEPLOYED, shop.told(ended.id)
        assert {name: one.failed for name, one in seen.items()} == {"kept": 0, "new": 0, "long": 0}
        lines = [line for one in shop.app.store.logs.read(row.id) for line in one.text.splitlines()]
        starts = Counter(line.split(" on ")[0] for line in lines if "start green-" in line)
        assert starts == {"web: start green-1": 1, "web: start green-2": 1}
        said = Counter(shop.thread(task).split("<!-- ")[1:])
        assert set(said.values()) == {1}
        assert (await shop.running()).weights == {"green": 100}
        assert [len(pids) for pids in (await shop.pids()).values()] == [2]


ON_THE_WAY_BACK = {
    "while old instances start": "web: scale blue from 1 to 2",
    "while the traffic goes back": "web: traffic blue 100 %",
    "while the new ones stop": "web: stop 1",
}


@pytest.mark.parametrize(
    "moment",
    [
        one if one == "while the traffic goes back" else pytest.param(one, marks=pytest.mark.slow)
        for one in ON_THE_WAY_BACK
    ],
)
async def test_a_worker_killed_on_a_rolling_way_back_leaves_the_old_version_all_the_traffic(
    folder: Path, moment: str
) -> None:
    (port,) = free_ports(1)
    load = Load(folder / "load", port)
    async with (
        live(folder, {"production": environment(port, strategy="rolling")}) as shop,
        worker(folder) as process,
    ):
        await load.start()
        try:
            task = await queued(shop, await shop.change("bad", does("errors")))
            row = await killed_at(shop, process, task, "undo", ON_THE_WAY_BACK[moment])
            ended = await shop.serve(row.id)
        finally:
            seen = await load.end()

        assert ended.outcome is Outcome.ROLLED_BACK, shop.told(ended.id)
        assert breaks(seen) == {"kept": 0, "new": 0, "long": 0}
        assert seen["long"].failed == 0
        assert (await shop.running()).weights == {"blue": 100}
        assert {slot: len(pids) for slot, pids in (await shop.pids()).items()} == {"blue": 2}
        assert await page(shop) == {"Hello"}
        undone = Counter(one.text for one in shop.events(row.id, "undone"))
        assert len(undone) == 3 and set(undone.values()) == {1}


async def test_a_worker_brings_back_what_a_restart_of_the_machine_took(folder: Path) -> None:
    (port,) = free_ports(1)
    async with live(folder, {"production": environment(port)}) as shop:
        assert len(killed(folder)) > 4  # the router, and two instances with their supervisors
        assert (await shop.running()).weights == {}

        async with worker(folder), asyncio.timeout(PATIENCE):
            while (await shop.running()).weights != {"blue": 100}:
                await asyncio.sleep(0.1)

            assert (await shop.running()).slots[0].is_healthy
