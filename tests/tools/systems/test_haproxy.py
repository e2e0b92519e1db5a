"""HAProxy's process and its places: it comes back as it was, and never confuses two slots."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import psutil
import pytest

from orchestrate.analysis.series import slower_than
from orchestrate.errors import PortTaken, ProgramMissing, Refused
from orchestrate.models.sample import LATENCY_EDGES_MS
from tests.servers.ports import free_port
from tests.servers.upstream import Upstream, upstreams
from tools.systems.detached import Detached, until
from tools.systems.haproxy import HAProxy
from tools.systems.haproxy_config import (
    LATENCIES,
    PLACES,
    SERVERS,
    SYSTEM_PLACES,
    TURNS,
    Book,
    config,
    latencies_map,
    turns_map,
)

PROGRAM = shutil.which("haproxy") or shutil.which("haproxy", path=SYSTEM_PLACES)
pytestmark = [
    pytest.mark.haproxy,
    pytest.mark.skipif(PROGRAM is None, reason="haproxy is not installed"),
]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def router(tmp_path: Path, port: int) -> AsyncGenerator[HAProxy]:
    running = HAProxy(tmp_path / "router", port=port)
    yield running
    await running.stop()


@pytest.fixture
async def blue() -> AsyncGenerator[Upstream]:
    async with upstreams("blue") as [one]:
        yield one


def process(folder: Path) -> psutil.Process:
    found = Detached(folder).process()
    assert found is not None
    return found


async def text(port: int, path: str = "/") -> str:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"http://127.0.0.1:{port}{path}")).text


def test_the_configuration_is_accepted_without_a_warning(tmp_path: Path) -> None:
    book = Book(
        name="orchestrate-test",
        runtime_port=1,
        places={"blue": 3},
        servers={"blue": ("127.0.0.1:1", "[::1]:2")},
        weights={"blue": 100},
    )
    (tmp_path / TURNS).write_text(turns_map(book.cycle()))
    (tmp_path / LATENCIES).write_text(latencies_map())
    (tmp_path / "cfg").write_text(config(book, "127.0.0.1", 1))

    done = subprocess.run(
        [PROGRAM or "", "-c", "-C", str(tmp_path), "-f", "cfg"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


async def test_a_killed_haproxy_is_started_again_with_its_table(
    router: HAProxy, tmp_path: Path, port: int, blue: Upstream
) -> None:
    await router.route({"blue": (blue.address,)}, {"blue": 100})
    process(tmp_path / "router").kill()
    await until(lambda: Detached(tmp_path / "router").process() is None, 5)
    assert await router.weights() == {}
    assert await router.counters() == {}

    await router.route({"blue": (blue.address,)}, {"blue": 100})

    assert await text(port) == "blue"


async def test_another_worker_finds_the_same_process(
    router: HAProxy, tmp_path: Path, port: int, blue: Upstream
) -> None:
    await router.route({"blue": (blue.address,)}, {"blue": 100})
    before = process(tmp_path / "router").pid
    (tmp_path / "router" / "identity.json").unlink()

    await HAProxy(tmp_path / "router", port=port).route({"blue": (blue.address,)}, {"blue": 100})

    assert process(tmp_path / "router").pid == before


async def test_two_routers_never_share_a_port(router: HAProxy, tmp_path: Path, port: int) -> None:
    await router.route({}, {})

    with pytest.raises(PortTaken):
        await HAProxy(tmp_path / "another", port=port).route({}, {})


async def test_a_missing_program_is_named_with_its_cure(tmp_path: Path, port: int) -> None:
    with pytest.raises(ProgramMissing) as missing:
        await HAProxy(tmp_path, port=port, program="no-such-haproxy").route({}, {})

    assert "apt-get install haproxy" in missing.value.cure


async def test_a_slot_that_gets_the_place_of_an_old_one_starts_from_zero(
    router: HAProxy, port: int, blue: Upstream
) -> None:
    for number in range(PLACES + 2):
        slot = f"release-{number}"
        await router.route({slot: (blue.address,)}, {slot: 100})
        assert await text(port) == "blue"
        await asyncio.sleep(0)

        counted = await router.counters()

        assert (counted[slot].requests, counted[slot].errors) == (1, 0)
        assert sum(counted[slot].buckets or ()) == 1
        assert await router.weights() == {slot: 100}


async def test_the_time_to_the_first_byte_is_counted_by_bucket(
    router: HAProxy, port: int, blue: Upstream
) -> None:
    async with upstreams("green") as [green]:
        await router.route({"blue": (blue.address,), "green": (green.address,)}, {"blue": 50, "green": 50})
        for _ in range(8):
            await text(port)
        slow = asyncio.create_task(text(port, "/hold"))
        await until(lambda: blue.holding + green.holding > 0, 5)
        await asyncio.sleep(0.3)
        for one in (blue, green):
            one.released.set()
        await slow

    counted = await router.counters()

    found = [buckets for one in counted.values() if (buckets := one.buckets) is not None]
    assert sorted(map(sum, found)) == [4, 5]
    assert sum(slower_than(one, 200) for one in found) == 1
    assert all(len(one) == len(LATENCY_EDGES_MS) + 1 for one in found)


async def test_more_than_it_has_room_for_is_refused(router: HAProxy) -> None:
    crowd = tuple(f"127.0.0.1:{port}" for port in range(1, SERVERS + 2))

    with pytest.raises(Refused, match="instances"):
        await router.route({"blue": crowd}, {"blue": 100})
    with pytest.raises(Refused, match="slots"):
        await router.route({f"slot-{number}": () for number in range(PLACES + 1)}, {})


async def test_a_rolling_release_replaces_every_instance_without_a_failure(
    router: HAProxy, port: int, blue: Upstream
) -> None:
    async with upstreams("new", "new", "blue") as [first, second, old]:
        seen: list[str] = []
        for servers in (
            (blue.address, old.address),
            (old.address, first.address),
            (first.address, second.address),
        ):
            await router.route({"live": servers}, {"live": 100})
            seen += [await text(port) for _ in range(10)]

    assert set(seen[:10]) == {"blue"}
    assert set(seen[10:20]) == {"blue", "new"}
    assert set(seen[20:]) == {"new"}


async def test_an_instance_that_returns_while_its_last_requests_run_is_used_again(
    router: HAProxy, port: int, blue: Upstream
) -> None:
    await router.route({"blue": (blue.address,)}, {"blue": 100})
    async with httpx.AsyncClient(trust_env=False) as client:
        held = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/hold"))
        await until(lambda: blue.holding == 1, 5)

        await router.route({}, {"blue": 100})
        await router.route({"blue": (blue.address,)}, {"blue": 100})

        assert await text(port) == "blue"
        assert await router.open_requests("blue") == 1
        blue.released.set()
        assert (await held).text == "blue"
