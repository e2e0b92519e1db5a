"""What should run and does not is brought back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest

from orchestrate.errors import OutsideFailed
from orchestrate.models.environment import Component
from orchestrate.models.move import SetTraffic, Start, Stop
from tests.contracts.provider_world import spoiling
from tests.servers.ports import free_port
from tests.servers.sample_service import checkout, component, environment, silent, version
from tools.providers.fleet.lock import held
from tools.providers.process.identity import is_alive
from tools.providers.process.instances import belonging_to
from tools.providers.process.provider import ProcessProvider
from tools.systems.detached import Detached
from tools.systems.proxy import BuiltinProxy

ONE = version("v1")


@pytest.fixture
def web() -> Component:
    return component(port=free_port())


@pytest.fixture
async def provider(web: Component, tmp_path: Path) -> AsyncGenerator[ProcessProvider]:
    """Two instances of version one behind a router."""
    made = ProcessProvider(
        environment(tmp_path / "root", web),
        None,
        lambda part: BuiltinProxy(tmp_path / "proxy", port=part.port),
    )
    await made.build(web, ONE, checkout(), silent)
    await made.apply(web, Start(component="web", slot="blue", version=ONE, instances=2), silent)
    await made.apply(web, SetTraffic(component="web", was={}, weights={"blue": 100}), silent)
    yield made
    await made.stop_all(web)


def kill_router(tmp_path: Path) -> None:
    process = Detached((tmp_path / "proxy").absolute()).process()
    assert process is not None
    process.kill()
    process.wait(5)


def kill_instance(tmp_path: Path, name: str) -> None:
    """Kill it with its supervisor, and see both dead: on a busy machine a signal takes a while."""
    killed = belonging_to(tmp_path / "root" / "instances" / "web" / name)
    for process in killed:
        os.kill(process.pid, signal.SIGKILL)
    while any(is_alive(process) for process in killed):
        time.sleep(0.01)


async def answers(web: Component) -> set[str]:
    async with httpx.AsyncClient(trust_env=False) as client:
        found = [(await client.get(f"http://127.0.0.1:{web.port}/")).json() for _ in range(6)]
    return {one["INSTANCE"] for one in found}


async def test_a_slot_whose_record_is_damaged_is_named_and_the_others_are_brought_back(
    provider: ProcessProvider, web: Component, tmp_path: Path
) -> None:
    kill_instance(tmp_path, "blue-2")
    spoiling(tmp_path / "root")("green")

    assert await provider.tend(web) == ("blue-2 started",)
    with pytest.raises(OutsideFailed, match="green.json cannot be read.*which version green") as told:
        await provider.tend(web)

    assert "remove it" in told.value.cure


async def test_what_runs_is_left_alone(provider: ProcessProvider, web: Component) -> None:
    before = await provider.running(web)

    assert await provider.tend(web) == ()

    assert [one.pid for one in (await provider.running(web)).slots[0].instances] == [
        one.pid for one in before.slots[0].instances
    ]


async def test_a_router_that_is_gone_comes_back_with_its_shares(
    provider: ProcessProvider, web: Component, tmp_path: Path
) -> None:
    kill_router(tmp_path)
    assert (await provider.running(web)).weights == {}

    assert await provider.tend(web) == ("its router started",)

    assert (await provider.running(web)).weights == {"blue": 100}
    assert await answers(web) == {"blue-1", "blue-2"}


async def test_after_a_restart_of_the_machine_everything_comes_back(
    provider: ProcessProvider, web: Component, tmp_path: Path
) -> None:
    kill_router(tmp_path)
    for name in ("blue-1", "blue-2"):
        kill_instance(tmp_path, name)

    assert await provider.tend(web) == ("blue-1 started", "blue-2 started", "its router started")

    assert await answers(web) == {"blue-1", "blue-2"}
    assert await provider.tend(web) == ()


async def test_one_instance_that_is_gone_comes_back_behind_the_router(
    provider: ProcessProvider, web: Component, tmp_path: Path
) -> None:
    kill_instance(tmp_path, "blue-2")

    assert await provider.tend(web) == ("blue-2 started",)

    assert await answers(web) == {"blue-1", "blue-2"}


async def test_what_was_stopped_stays_stopped(provider: ProcessProvider, web: Component) -> None:
    await provider.apply(web, Stop(component="web", slot="blue", version=ONE, instances=2), silent)

    assert await provider.tend(web) == ()

    assert [slot.instances for slot in (await provider.running(web)).slots if slot.instances] == []


async def test_a_move_that_is_under_way_is_not_disturbed(
    provider: ProcessProvider, web: Component, tmp_path: Path
) -> None:
    kill_router(tmp_path)
    async with held(tmp_path / "root" / "locks" / "web.lock"):
        assert await provider.tend(web) == ()

    assert await provider.tend(web) == ("its router started",)
