"""The built-in proxy's process: it outlives, comes back, is told apart, and tells only who may know."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import psutil
import pytest

from orchestrate.errors import PortTaken, Refused, Unreachable
from tests.servers.ports import free_port
from tests.servers.upstream import Upstream, upstreams
from tools.systems.detached import Detached, until
from tools.systems.proxy import BuiltinProxy


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def proxy(tmp_path: Path, port: int) -> AsyncGenerator[BuiltinProxy]:
    running = BuiltinProxy(tmp_path / "router", port=port)
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


async def body(port: int) -> str:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"http://127.0.0.1:{port}/")).text


async def asked(
    folder: Path, method: str, path: str, token: str | None = None, text: str = ""
) -> httpx.Response:
    admin = json.loads((folder / "admin.json").read_text())
    headers = {"Authorization": f"Bearer {admin['token'] if token is None else token}"}
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.request(
            method, f"http://127.0.0.1:{admin['port']}{path}", headers=headers, content=text
        )


async def test_the_daemon_is_nobodys_child_and_is_found_by_another_worker(
    proxy: BuiltinProxy, tmp_path: Path, port: int, blue: Upstream
) -> None:
    await proxy.route({"blue": (blue.address,)}, {"blue": 100})
    daemon = process(tmp_path / "router")

    other = BuiltinProxy(tmp_path / "router", port=port)
    await other.route({"blue": (blue.address,)}, {"blue": 50, "green": 50})

    assert process(tmp_path / "router").pid == daemon.pid
    assert os.getsid(daemon.pid) == daemon.pid
    assert os.getpid() not in [parent.pid for parent in daemon.parents()]
    assert await proxy.weights() == {"blue": 50, "green": 50}


async def test_two_workers_at_once_start_one_daemon(
    proxy: BuiltinProxy, tmp_path: Path, port: int, blue: Upstream
) -> None:
    other = BuiltinProxy(tmp_path / "router", port=port)

    await asyncio.gather(*(each.route({"blue": (blue.address,)}, {"blue": 100}) for each in (proxy, other)))

    assert await body(port) == "blue"


async def test_a_killed_daemon_is_started_again_with_its_table(
    proxy: BuiltinProxy, tmp_path: Path, port: int, blue: Upstream
) -> None:
    await proxy.route({"blue": (blue.address,)}, {"blue": 100})
    metrics = proxy.metrics()
    process(tmp_path / "router").kill()
    await until(lambda: Detached(tmp_path / "router").process() is None, 5)
    assert await proxy.weights() == {}

    await proxy.route({"blue": (blue.address,)}, {"blue": 100})

    assert await body(port) == "blue"
    assert proxy.metrics() == metrics


async def test_the_table_on_disk_is_enough_to_serve(
    proxy: BuiltinProxy, tmp_path: Path, port: int, blue: Upstream
) -> None:
    await proxy.route({"blue": (blue.address,)}, {"blue": 100})
    await proxy.stop()

    await proxy._start()

    assert await body(port) == "blue"


async def test_a_daemon_whose_identity_was_lost_is_still_ours(
    proxy: BuiltinProxy, tmp_path: Path, port: int, blue: Upstream
) -> None:
    await proxy.route({"blue": (blue.address,)}, {"blue": 100})
    (tmp_path / "router" / "identity.json").unlink()

    await proxy.stop()

    with pytest.raises(httpx.ConnectError):
        await body(port)


async def test_a_recycled_pid_is_never_signalled(tmp_path: Path) -> None:
    detached = Detached(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        detached.remember(stranger.pid)

        await detached.end(0.1)

        assert detached.process() is None
        assert stranger.poll() is None
        stranger.kill()


async def test_a_daemon_that_hangs_is_named(
    proxy: BuiltinProxy, tmp_path: Path, port: int, blue: Upstream
) -> None:
    await proxy.route({"blue": (blue.address,)}, {"blue": 100})
    daemon = process(tmp_path / "router")
    daemon.suspend()

    with pytest.raises(Unreachable, match=str(daemon.pid)):
        await BuiltinProxy(tmp_path / "router", port=port, admin_seconds=0.2).weights()
    daemon.resume()


async def test_the_port_of_another_proxy_is_taken(
    proxy: BuiltinProxy, tmp_path: Path, port: int, blue: Upstream
) -> None:
    await proxy.route({"blue": (blue.address,)}, {"blue": 100})

    with pytest.raises(PortTaken):
        await BuiltinProxy(tmp_path / "another", port=port).route({}, {})


async def test_a_wrong_token_is_refused_and_changes_nothing(
    proxy: BuiltinProxy, tmp_path: Path, blue: Upstream
) -> None:
    await proxy.route({"blue": (blue.address,)}, {"blue": 100})
    empty = '{"servers": {}, "weights": {}}'

    refused = [
        (await asked(tmp_path / "router", method, path, token, empty)).status_code
        for method, path in (("PUT", "/table"), ("GET", "/table"), ("GET", "/counters"))
        for token in ("none", "wrong'")
    ]

    assert refused == [401] * 6
    assert await proxy.weights() == {"blue": 100}


async def test_a_table_that_is_none_is_refused(proxy: BuiltinProxy) -> None:
    with pytest.raises(Refused, match="not host:port"):
        await proxy.route({"blue": ("nowhere",)}, {"blue": 100})

    assert await proxy.weights() == {}


async def test_only_the_owner_reads_the_token(proxy: BuiltinProxy, tmp_path: Path) -> None:
    await proxy.route({}, {})

    mode = (tmp_path / "router" / "admin.json").stat().st_mode

    assert stat.S_IMODE(mode) == 0o600


async def test_prometheus_may_read_without_a_token(proxy: BuiltinProxy, port: int, blue: Upstream) -> None:
    await proxy.route({"blue": (blue.address,)}, {"blue": 100})
    await body(port)

    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(proxy.metrics() or "")

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'http_requests_total{slot="blue",status="200"} 1' in answer.text


async def test_stopping_lets_open_requests_finish(proxy: BuiltinProxy, port: int, blue: Upstream) -> None:
    await proxy.route({"blue": (blue.address,)}, {"blue": 100})
    async with httpx.AsyncClient(trust_env=False) as client:
        held = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/hold"))
        await until(lambda: blue.holding == 1, 5)
        stop = asyncio.create_task(proxy.stop())
        await asyncio.sleep(0.1)

        blue.released.set()

        assert (await held).text == "blue"
        await stop
