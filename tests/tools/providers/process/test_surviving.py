"""Instances outlive whoever started them, and no process is ever taken for another."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.tools.providers.process.conftest import Shop
from tools.providers.fleet.polling import until
from tools.providers.process.identity import boot_id, identity_of, is_alive
from tools.providers.process.records import State, read_state, write_state

STARTER = """
import asyncio, sys, time
from pathlib import Path
from tests.tools.providers.process.conftest import Shop

asyncio.run(Shop(Path(sys.argv[1])).start(instances=2))
print("started", flush=True)
time.sleep(60)
"""


@pytest.fixture
def foreigner() -> Generator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with us."""
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", "import time; time.sleep(60)"], start_new_session=True
    )
    yield process
    process.kill()
    process.wait()


def state(shop: Shop) -> State:
    found = read_state(shop.folder)
    assert found is not None
    return found


async def kill_supervisor(shop: Shop) -> State:
    before = state(shop)
    os.kill(before.supervisor.pid, signal.SIGKILL)
    assert await until(lambda: not is_alive(before.supervisor), 5)
    return before


async def test_instances_outlive_the_process_that_started_them(shop: Shop) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(shop.root)], stdout=subprocess.PIPE, start_new_session=True
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == b"started\n"
    starter.stdout.close()

    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()

    found = await shop.instances()
    assert [(one.id, one.healthy) for one in found] == [("blue-1", True), ("blue-2", True)]
    await shop.start(instances=2)
    assert [one.pid for one in await shop.instances()] == [one.pid for one in found]


async def test_a_killed_supervisor_is_noticed_and_replaced_with_its_stray_child(shop: Shop) -> None:
    await shop.start()
    address = (await shop.instance()).address
    before = await kill_supervisor(shop)

    lost = await shop.instance()
    await shop.start()

    found = await shop.instance()
    assert (lost.healthy, lost.detail) == (False, "its supervisor is gone")
    assert found.healthy
    assert found.address == address
    assert not is_alive(before.child)
    assert len(shop.processes()) == 2


async def test_a_stray_child_is_stopped_too(shop: Shop) -> None:
    await shop.start()
    await kill_supervisor(shop)

    await shop.stop()

    assert shop.processes() == []


async def test_a_stray_child_is_found_without_any_record_of_it(shop: Shop) -> None:
    await shop.start()
    await kill_supervisor(shop)
    (shop.folder / "state.json").write_text('{"half a')

    await shop.stop()

    assert shop.processes() == []


@pytest.mark.parametrize("boot", ["this", "another"])
async def test_a_process_with_a_recycled_pid_is_not_touched(
    shop: Shop, foreigner: subprocess.Popen[bytes], boot: str
) -> None:
    await shop.start()
    before = await kill_supervisor(shop)
    stranger = identity_of(foreigner.pid)
    assert stranger is not None
    former = stranger._replace(started="1") if boot == "this" else stranger._replace(boot=boot)
    write_state(shop.folder, before._replace(supervisor=former, child=former))

    lost = await shop.instance()
    await shop.start()
    await shop.stop()

    assert lost.detail == "its supervisor is gone"
    assert boot_id() == stranger.boot
    assert foreigner.poll() is None


async def test_an_instance_whose_port_was_taken_meanwhile_gets_another(shop: Shop) -> None:
    await shop.start()
    address = (await shop.instance()).address
    await kill_supervisor(shop)
    child = state(shop).child
    assert child is not None
    os.killpg(child.pid, signal.SIGKILL)
    assert await until(lambda: not is_alive(child), 5)

    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", int(address.rpartition(":")[2])))
        other.listen()
        await shop.start()

        assert (await shop.instance()).address != address


async def test_a_slot_that_lost_an_instance_is_not_healthy(shop: Shop, tmp_path: Path) -> None:
    await shop.start(instances=2)
    (shop.folder / "spec.json").rename(tmp_path / "spec.json")

    slot = (await shop.provider.running(shop.web)).slot("blue")

    assert slot is not None
    assert not slot.is_healthy
    await shop.start(instances=2)
    assert len(shop.processes()) == 4
