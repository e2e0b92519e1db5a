"""Every stage made to fail with real processes: what is taken back, and what people read about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from orchestrate.models.deployment import Outcome
from orchestrate.models.task import Priority
from tests.servers.live import Live, does, environment, free_ports, live, web

BUILD = {"build.py": "print('compiled')\n"}
SHORT = {"expect": {"status": "ok"}, "start_seconds": 1, "timeout": 1}


def quick(port: int, component: Mapping[str, object] | None = None, **words: object) -> dict[str, object]:
    """Production by one switch of the traffic to one instance."""
    part = web(port, **{"instances": 1, "health": SHORT, **(component or {})})
    return environment(port, **{"strategy": "blue-green", "components": [part], **words})


async def pids(shop: Live, component: str = "web") -> dict[str, list[int | None]]:
    """Slot → processes of its instances."""
    slots = (await shop.running(component=component)).slots
    return {slot.name: [one.pid for one in slot.instances] for slot in slots if slot.instances}


async def told(shop: Live, task: str | None, *words: str) -> None:
    """The thread and the fix task name these words."""
    thread, fixes = shop.thread(task), await shop.fixes(task)
    assert len(fixes) == 1 and fixes[0].priority is Priority.P0
    for word in words:
        assert word in thread, f"{word!r} is not on the thread: {thread}"
        assert word in f"{fixes[0].title} {fixes[0].description}", f"{word!r} is not in {fixes[0]}"
    assert fixes[0].id in thread


STARTS: Mapping[str, tuple[dict[str, str], dict[str, object], tuple[str, ...]]] = {
    "a crash loop": (does("crash"), {}, ("crash loop: ended with 3", "FileNotFoundError")),
    "a hang": (does("hang"), {}, ("hangs at start",)),
    "too much memory": (does("hoard"), {"memory_limit": 60}, ("memory over limit", "> 60 MiB")),
    "a redirect": (does("redirect"), {}, ("is unhealthy", "redirects to /elsewhere")),
    "a page": (does("html"), {}, ("is unhealthy", "HTML")),
    "a megabyte": (does("megabyte"), {}, ("is unhealthy", "more than 64 KiB")),
    "an error": (does("unhealthy"), {}, ("is unhealthy", "500 instead of 200")),
    "a wrong page": (does(page="Goodbye"), {}, ("the page opens",)),
}


@pytest.mark.parametrize("case", STARTS)
async def test_a_version_that_does_not_start_well_is_taken_back_and_named(folder: Path, case: str) -> None:
    files, component, words = STARTS[case]
    (port,) = free_ports(1)
    async with live(folder, {"production": quick(port, component)}) as shop:
        before = await pids(shop)

        row = await shop.run(await shop.request(version=shop.version("bad", files)))

        assert row.outcome is Outcome.ROLLED_BACK, row.reason
        await told(shop, row.request.task, *words)
        assert await pids(shop) == before
        assert (await shop.running()).weights == {"blue": 100}
