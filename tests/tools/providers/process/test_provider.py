from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from orchestrate.errors import EffectRefused, PortTaken
from orchestrate.models.move import Backup, Drain, Start
from tests.servers.sample_service import checkout, component, environment, silent, version
from tests.tools.providers.process.conftest import Shop
from tools.provider import without
from tools.providers.process.provider import ProcessProvider
from tools.traffic import MemoryTraffic

SECRET = "correct-horse-battery"


class TakenTraffic(MemoryTraffic):
    """A router whose public port belongs to somebody else."""

    async def route(self, servers: object, weights: object) -> None:
        raise PortTaken(8080)


async def answer(shop: Shop) -> dict[str, object]:
    one = await shop.instance()
    async with httpx.AsyncClient(trust_env=False) as client:
        found: dict[str, object] = (await client.get(f"http://{one.address}/")).json()
    return found


async def test_an_instance_knows_who_it_is(shop: Shop) -> None:
    shop.facts["variables"] = {"COLOUR": "red"}
    await shop.start()

    told, one = await answer(shop), await shop.instance()

    made = version("v1")
    assert (told["SLOT"], told["VERSION"], told["COMMIT"]) == ("blue", "v1", made.commit)
    assert (told["INSTANCE"], told["colour"], told["pid"]) == ("blue-1", "red", one.pid)
    assert told["argv"] == ["service.py", told["PORT"], "blue", "v1"]
    assert one.address == f"127.0.0.1:{told['PORT']}"


async def test_placeholders_are_replaced_once_and_by_no_shell(shop: Shop) -> None:
    made = version("$(id) {port} `id`", "serve")
    await shop.provider.build(shop.web, made, checkout(), silent)

    await shop.provider.apply(
        shop.web, Start(component="web", slot="blue", version=made, instances=1), silent
    )

    assert str((await answer(shop))["argv"]).endswith("'blue', '$(id) {port} `id`']")


async def test_use_of_cpu_and_memory_is_told(shop: Shop) -> None:
    await shop.start()

    (one,) = (await shop.provider.measured(shop.web)).slots[0].instances

    assert one.cpu is not None
    assert one.memory is not None
    assert one.memory > 5


async def test_secrets_reach_the_service_and_nothing_else(shop: Shop) -> None:
    shop.facts["secrets"] = ("SECRET_WORD",)
    shop.secrets = {"SECRET_WORD": SECRET}.__getitem__

    await shop.start()

    assert (await answer(shop))["secret"] == SECRET
    assert await shop.provider.tail(shop.web, "blue", 1) == ("the word is [secret]",)
    files = [path for path in shop.root.rglob("*") if path.is_file()]
    assert all(SECRET.encode() not in path.read_bytes() for path in files)
    assert all(SECRET not in " ".join(psutil.Process(pid).cmdline()) for pid in shop.processes())


async def test_the_newest_lines_of_all_instances_are_told_in_order(shop: Shop) -> None:
    await shop.start(instances=2)

    lines = await shop.provider.tail(shop.web, "blue", 10)

    assert sorted(line for line in lines if line.startswith("starting")) == [
        "starting blue-1 does serve",
        "starting blue-2 does serve",
    ]
    assert lines[0].startswith("starting")


async def test_logs_can_be_read_after_a_failed_start_and_are_new_in_the_next(shop: Shop) -> None:
    with pytest.raises(Exception, match="crash loop"):
        await shop.start(does="crash")
    assert "cannot find the database" in await shop.provider.tail(shop.web, "blue", 20)

    await shop.start()

    assert "cannot find the database" not in await shop.provider.tail(shop.web, "blue", 20)


async def test_a_crash_after_the_start_is_counted_and_the_port_kept(shop: Shop) -> None:
    await shop.start()
    before = await shop.instance()
    assert before.pid is not None

    os.kill(before.pid, signal.SIGKILL)
    await _healthy_again(shop, before.pid)

    after = await shop.instance()
    assert (after.restarts, after.last_exit) == (1, -signal.SIGKILL)
    assert after.address == before.address
    assert after.started_at > before.started_at


async def _healthy_again(shop: Shop, former: int) -> None:
    for _ in range(100):
        one = await shop.instance()
        if one.healthy and one.pid != former:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(await shop.instance())


async def test_an_instance_that_is_down_says_why(shop: Shop) -> None:
    await shop.start()
    async with httpx.AsyncClient(trust_env=False) as client:
        one = await shop.instance()
        with pytest.raises(httpx.HTTPError):
            await client.get(f"http://{one.address}/crash")

    seen = [await shop.instance() for _ in range(30)]
    assert (False, "ended with 7", None) in [(one.healthy, one.detail, one.pid) for one in seen]


async def test_the_router_learns_of_every_change(shop: Shop) -> None:
    await shop.start()
    assert shop.router.tables == []

    await shop.share({"blue": 100})
    await shop.scale(2)
    await shop.scale(1)

    assert [len(table["blue"]) for table in shop.router.tables] == [1, 2, 1, 1]


async def test_an_instance_leaves_the_table_before_it_ends(shop: Shop) -> None:
    shop.web = component(drain_seconds=5)
    await shop.start(instances=2)
    await shop.share({"blue": 100})
    leaving = (await shop.instances())[1]
    shop.router.open["blue"] = 3
    shop.router.tables.clear()

    await shop.scale(1)

    assert all(leaving.address not in table["blue"] for table in shop.router.tables)
    assert [one.id for one in await shop.instances()] == ["blue-1"]


async def test_a_leaving_instance_may_finish_its_requests(shop: Shop) -> None:
    shop.web = component(drain_seconds=5)
    await shop.start(instances=2)
    await shop.share({"blue": 100})
    shop.router.open["blue"] = 1
    leaving = (await shop.instances())[1]
    async with httpx.AsyncClient(trust_env=False) as client:
        slow = asyncio.create_task(client.get(f"http://{leaving.address}/slow"))
        await asyncio.sleep(0.2)

        await shop.scale(1)

        assert (await slow).status_code == 200


async def test_a_stopped_slot_leaves_the_table_before_it_ends(shop: Shop) -> None:
    await shop.start("blue")
    await shop.start("green")
    await shop.share({"blue": 50, "green": 50})

    await shop.stop("green")

    assert list(shop.router.servers) == ["blue"]
    assert shop.router.shares == {"blue": 100}


async def test_stop_leaves_no_process_and_no_slot(shop: Shop) -> None:
    await shop.start(instances=2)
    assert len(shop.processes()) == 4

    await shop.stop()
    await shop.stop()

    assert shop.processes() == []
    assert (await shop.provider.running(shop.web)).slots == ()


async def test_after_stop_all_nothing_runs_and_nothing_is_routed(shop: Shop) -> None:
    await shop.start("blue")
    await shop.start("green")
    await shop.share({"blue": 100})

    await shop.provider.stop_all(shop.web)
    await shop.provider.stop_all(shop.web)

    running = await shop.provider.running(shop.web)
    assert (running.slots, running.weights, shop.processes()) == ((), {}, [])
    assert not shop.router.is_running


async def test_a_taken_public_port_leaves_no_process_behind(shop: Shop) -> None:
    await shop.start()
    await shop.share({"blue": 100})
    before = shop.processes()
    shop.router = TakenTraffic()

    with pytest.raises(PortTaken):
        await shop.share({"blue": 100})
    with pytest.raises(PortTaken):
        await shop.start("green")

    assert shop.processes() == before
    assert await shop.instances("green") == ()
    shop.router = MemoryTraffic()


async def test_a_slot_is_stopped_even_if_the_router_cannot_come_back(shop: Shop) -> None:
    await shop.start()
    await shop.share({"blue": 100})
    shop.router = TakenTraffic()

    await shop.stop()

    assert shop.processes() == []
    shop.router = MemoryTraffic()
    await shop.start()
    assert shop.router.tables == []


async def test_a_router_that_went_away_is_brought_back_by_the_next_start(shop: Shop) -> None:
    await shop.start()
    await shop.share({"blue": 100})
    shop.router = MemoryTraffic()

    await shop.start()

    assert shop.router.shares == {"blue": 100}
    assert len(shop.router.servers["blue"]) == 1


async def test_draining_ends_when_the_last_request_does(shop: Shop) -> None:
    await shop.start()
    shop.router.open["blue"] = 2
    move = Drain(component="web", slot="blue", seconds=20)

    draining = asyncio.create_task(shop.provider.apply(shop.web, move, silent))
    await asyncio.sleep(0.2)
    assert not draining.done()
    shop.router.open["blue"] = 0

    await asyncio.wait_for(draining, 2)


async def test_requests_that_outlast_the_draining_are_told(shop: Shop) -> None:
    said: list[str] = []
    shop.router.open["blue"] = 2

    await shop.provider.apply(shop.web, Drain(component="web", slot="blue", seconds=0), said.append)

    assert said[-1] == "web: 2 requests of blue still open after 0 s"


async def test_a_move_for_others_is_refused(shop: Shop) -> None:
    with pytest.raises(EffectRefused, match="no move of a provider"):
        await shop.provider.apply(shop.web, Backup(component="web"), silent)


async def test_two_starts_at_once_are_one(shop: Shop) -> None:
    await shop.build()

    await asyncio.gather(shop.start(instances=2), shop.start(instances=2))

    assert len(shop.processes()) == 4


async def test_traffic_of_a_component_without_a_port_is_only_recorded(shop: Shop) -> None:
    shop.web = component(port=0, run=(sys.executable, "-S", "-c", "import time; time.sleep(60)"))
    await shop.start()

    await shop.share({"blue": 100})

    assert (await shop.provider.running(shop.web)).weights == {"blue": 100}
    assert shop.router.tables == []


async def test_the_public_address_is_the_port_or_else_the_url(tmp_path: Path) -> None:
    web, job = component(), component(name="job", port=0)
    place = environment(tmp_path, web, job, url="https://shop.example")
    provider = ProcessProvider(place, None, lambda _: MemoryTraffic())

    assert await provider.public(web) == "http://127.0.0.1:8080"
    assert await provider.public(job) == "https://shop.example"


@pytest.mark.parametrize(
    ("weights", "left"),
    [
        ({"blue": 100, "green": 0}, {"blue": 100}),
        ({"green": 100}, {}),
        ({"blue": 60, "red": 30, "green": 10}, {"blue": 67, "red": 33}),
        ({}, {}),
    ],
)
def test_the_share_of_a_slot_goes_to_the_others_in_proportion(
    weights: dict[str, int], left: dict[str, int]
) -> None:
    assert without(weights, "green") == left
