"""A person stops effects while two workers serve: both obey, and afterwards nothing is missing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import Deployment, ForEffects, Outcome, Status
from tests.servers.live import Live, does, environment, live
from tests.servers.load import Load
from tests.servers.ports import free_ports
from tests.servers.workers import PATIENCE, ROOT, queued, worker
from tools.commands import CLEAN

OBEYED = 5000  # milliseconds


async def typed(folder: Path, *words: str) -> str:
    """What a command of a person answers."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "orchestrate", *words),
        cwd=folder,
        env={**CLEAN, "PYTHONPATH": str(ROOT), "HOME": str(folder)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def until(shop: Live, task: str, is_so: Callable[[Deployment], bool]) -> Deployment:
    """The task's deployment, as soon as it is so; Ada approves on the way."""
    async with asyncio.timeout(PATIENCE):
        while True:
            for row in shop.app.store.deployments.latest(task=task, limit=1):
                await shop.approve(row.id)
                if is_so(row):
                    return row
            await asyncio.sleep(0.02)


def is_finished(row: Deployment) -> bool:
    return row.status is Status.FINISHED


def is_held(row: Deployment) -> bool:
    return row.status is Status.WAITING and isinstance(row.waits_for, ForEffects)


def effects(shop: Live, row: Deployment) -> list[tuple[str, str]]:
    """What was done for it, without ids."""
    return sorted((one.name, one.key.split("/")[1]) for one in shop.app.store.effects.of(row.id))


async def stopped_half_way(shop: Live, task: str) -> Deployment:
    """A person stops effects in the middle, sees that nothing happens any more, and allows them again."""

    def is_half_way(row: Deployment) -> bool:
        return any("50 %" in one.text for one in shop.events(row.id, "moved_on"))

    await until(shop, task, is_half_way)
    await typed(shop.folder, "stop-effects", "--reason", "odd numbers")
    held = await until(shop, task, is_held)
    done = shop.app.store.effects.of(held.id)
    assert "stopped effects: odd numbers" in await typed(shop.folder, "deploy", "status")
    await asyncio.sleep(1)
    assert shop.app.store.effects.of(held.id) == done
    await typed(shop.folder, "allow-effects", "--reason", "all is well")
    return await until(shop, task, is_finished)


async def both_said(folder: Path, words: str) -> str:
    """What the workers said, once each of them said this: they look every second."""
    async with asyncio.timeout(PATIENCE):
        while (said := (folder / "worker.log").read_text()).count(words) < 2:
            await asyncio.sleep(0.1)
    return said


def check_obeyed(shop: Live) -> None:
    """Between both words nothing began, but what was in flight already."""
    entries = shop.app.store.audit.entries(limit=10_000)
    (stopped,) = [one for one in entries if one.kind is AuditKind.STOPPED]
    (allowed,) = [one for one in entries if one.kind is AuditKind.ALLOWED]
    begun = [one for one in entries if one.kind is AuditKind.INTENT and stopped.seq < one.seq < allowed.seq]
    assert [one for one in begun if one.at > stopped.at + OBEYED] == []
    assert len(begun) <= 1, begun
    assert shop.app.store.audit.verify().broken is None


async def test_two_workers_obey_and_come_to_the_end_of_an_undisturbed_twin(folder: Path) -> None:
    (port,) = free_ports(1)
    load = Load(folder / "load", port)
    watch = {"period": 1, "sample": 1, "report": 2, "alerts": ["errors"]}
    words = environment(port, canary=[{"share": "50 %", "seconds": 2}], monitoring=watch)
    async with live(folder, {"production": words}) as shop, worker(folder), worker(folder):
        await load.start()
        try:
            first = await queued(shop, await shop.change("again", does(page="Hello again")))
            twin = await until(shop, first, is_finished)
            second = await queued(shop, await shop.change("more", does(page="Hello more")), "more")
            row = await stopped_half_way(shop, second)
        finally:
            seen = await load.end()

        assert (twin.outcome, row.outcome) == (Outcome.DEPLOYED, Outcome.DEPLOYED), shop.told(row.id)
        assert effects(shop, row) == effects(shop, twin)
        assert {name: one.failed for name, one in seen.items()} == {"kept": 0, "new": 0, "long": 0}
        check_obeyed(shop)
        said = await both_said(folder, "effects may begin again")
    assert said.count("stopped effects: odd numbers") >= 2 and said.count("effects may begin again") == 2
