"""Every stage made to fail with real processes: what is taken back, and what people read about it."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrate.models.deployment import DecisionKind, Outcome
from tests.servers.live import Live, does, environment, live, web
from tests.servers.ports import free_ports

SHORT = {"expect": {"status": "ok"}, "start_seconds": 1, "timeout": 1}
LONGER = SHORT | {"start_seconds": 8}


def quick(port: int, component: Mapping[str, object] | None = None, **words: object) -> dict[str, object]:
    """Production by one switch of the traffic to one instance."""
    part = web(port, **{"instances": 1, "health": SHORT, **(component or {})})
    return environment(port, **{"strategy": "blue-green", "components": [part], **words})


STARTS: Mapping[str, tuple[dict[str, str], dict[str, object], tuple[str, ...]]] = {
    "a crash loop": (does("crash"), {"health": LONGER}, ("crash loop: ended with 3", "FileNotFoundError")),
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
        before = await shop.pids()

        row = await shop.run(await shop.request(version=shop.version("bad", files)))

        assert row.outcome is Outcome.ROLLED_BACK, shop.told(row.id)
        await shop.assert_told(row.request.task, *words)
        assert await shop.pids() == before
        assert (await shop.running()).weights == {"blue": 100}


BUILDS: Mapping[str, tuple[dict[str, str], tuple[str, ...], dict[str, str | None], tuple[str, ...]]] = {
    "a red build": (
        {"build.py": "print('compiled')"},
        (sys.executable, "-S", "build.py"),
        {"build.py": "raise SystemExit('2 tests failed')"},
        ("build.py ended with 1", "2 tests failed"),
    ),
    "a missing command": (
        {"make-it": "#!/bin/sh\n"},
        ("./make-it",),
        {"make-it": None},
        ("./make-it is not installed",),
    ),
}


@pytest.mark.parametrize("case", BUILDS)
async def test_a_version_that_cannot_be_built_changes_nothing(folder: Path, case: str) -> None:
    first, argv, bad, words = BUILDS[case]
    (port,) = free_ports(1)
    async with live(folder, {"production": quick(port, {"build": [argv]})}, does() | first) as shop:
        before = await shop.pids()

        row = await shop.run(await shop.request(version=shop.version("bad", bad)))

        assert row.outcome is Outcome.FAILED_BEFORE_CHANGE, shop.told(row.id)
        await shop.assert_told(row.request.task, *words)
        assert "build" in shop.thread(row.request.task).partition("### Failed step")[2][:20]
        assert await shop.pids() == before
        assert shop.events(row.id, "move") == []


async def test_a_start_that_takes_too_long_is_told_as_such(folder: Path) -> None:
    (port,) = free_ports(1)
    async with live(folder, {"production": quick(port, move_timeout=1)}) as shop:
        before = await shop.pids()

        row = await shop.run(await shop.request(version=shop.version("bad", does("hang"))))

        assert row.outcome is Outcome.TIMED_OUT, shop.told(row.id)
        await shop.assert_told(row.request.task, "not done after 1 s")
        assert await shop.pids() == before


@pytest.mark.parametrize(
    ("place", "why"), [("releases/web", "File exists"), ("instances/web/green-1", "Not a directory")]
)
async def test_a_folder_that_cannot_be_written_is_named(folder: Path, place: str, why: str) -> None:
    (port,) = free_ports(1)
    async with live(folder, {"production": quick(port)}) as shop:
        before = await shop.pids()
        found = shop.place().environment.root / place
        if found.exists():
            found.rename(found.with_name("elsewhere"))
        found.write_text("in the way")

        row = await shop.run(await shop.request(version=shop.version("good", does(page="Hello you"))))

        assert row.outcome in (Outcome.FAILED_BEFORE_CHANGE, Outcome.ROLLED_BACK), shop.told(row.id)
        await shop.assert_told(row.request.task, str(found), why)
        assert await shop.pids() == before
        found.unlink()


async def test_a_public_port_that_somebody_else_has_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
        async with live(folder, {"production": quick(port)}, begins=False) as shop:
            row = await shop.run(await shop.request(version=shop.first))

            assert row.outcome is Outcome.ROLLED_BACK, shop.told(row.id)
            await shop.assert_told(row.request.task, f"port {port} is taken by another program")
            assert await shop.pids() == {}


async def test_a_version_that_falls_ill_while_it_is_watched_is_taken_back(folder: Path) -> None:
    (port,) = free_ports(1)
    async with live(folder, {"production": quick(port)}) as shop:
        before = await shop.pids()

        row = await shop.run(await shop.request(version=shop.version("bad", does("sickens"))))

        assert row.outcome is Outcome.ROLLED_BACK, shop.told(row.id)
        await shop.assert_told(row.request.task, "failed 3 health checks in a row", "500 instead of 200")
        assert await shop.pids() == before


async def test_a_machine_without_room_is_left_as_it_is(folder: Path) -> None:
    (port,) = free_ports(1)
    words = quick(port, gates={"checks": ["tests"], "reviews": 1, "backup": False, "memory": "1 %"})
    async with live(folder, {"production": words}) as shop:
        before = await shop.pids()

        row = await shop.run(await shop.request(version=shop.version("good", does(page="Hello you"))))

        assert row.outcome is Outcome.BLOCKED, shop.told(row.id)
        assert "(limit 1 %)" in shop.thread(row.request.task)
        assert await shop.pids() == before


BLIND = {"nan": "not a number", "nothing": "no data", "page": "no data"}
CANARY = [{"share": "30 %", "seconds": 2}]


async def test_a_release_that_tells_no_numbers_is_never_promoted(folder: Path) -> None:
    ports = dict(zip(BLIND, free_ports(len(BLIND)), strict=True))
    words = {
        name: environment(port, canary=CANARY, components=[measured(port)]) for name, port in ports.items()
    }
    async with live(folder, words) as shop:
        await asyncio.gather(*(never_promoted(shop, name) for name in BLIND))


def measured(port: int) -> dict[str, object]:
    """A component that tells its own numbers."""
    return web(port, instances=1, metrics={"kind": "endpoint"})


async def never_promoted(shop: Live, name: str) -> None:
    """Its canary stays as narrow as it was; a person is asked, and takes it back."""
    request = await shop.request(name, version=shop.version(name, does(f"metrics {name}")))
    row = await shop.run(request)

    assert row.outcome is None, shop.told(row.id)
    verdicts = shop.events(row.id, "verdict")
    assert [one.data["verdict"] for one in verdicts] == ["inconclusive"] * 2  # the second after as long again
    assert all(BLIND[name] in one.text for one in verdicts), verdicts
    assert (await shop.running(name)).weights == {"blue": 70, "green": 30}
    assert BLIND[name] in shop.thread(request.task) and "Roll back" in shop.thread(request.task)

    row = await shop.serve(row.id, {"go_on": DecisionKind.ROLL_BACK})
    assert row.outcome is Outcome.ROLLED_BACK, shop.told(row.id)
    assert (await shop.running(name)).weights == {"blue": 100}
