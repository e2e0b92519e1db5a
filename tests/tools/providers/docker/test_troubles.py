"""What goes wrong on a real engine ends in a named error, with what was before still there."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path

import httpx
import pytest

from orchestrate.errors import BuildFailed, NameTaken, PortTaken, StartFailed
from orchestrate.models.change import Version
from orchestrate.models.environment import Strategy
from orchestrate.models.smoke import HealthCheck
from tests.servers.sample_service import DOCKERFILE, PROGRAM
from tests.tools.providers.docker.conftest import WORD, Yard, asked
from tools.provider import Checkout
from tools.providers.docker.containers import PLACE
from tools.providers.fleet.ports import free_port

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def with_dockerfile(text: str, does: str = "serve") -> Checkout:
    """The service, built as `text` says."""

    async def write(version: Version, folder: Path) -> None:
        (folder / "service.py").write_text(PROGRAM)
        (folder / "does.txt").write_text(does)
        if text:
            (folder / "Dockerfile").write_text(text)

    return write


async def test_a_container_sees_its_place_and_its_variables(yard: Yard) -> None:
    await yard.start(await yard.build())

    (one,) = await yard.instances()
    seen = await asked(one.address)

    about = {key: seen[key] for key in ("SLOT", "VERSION", "INSTANCE", "PORT", "colour", "secret")}
    assert about == {
        **{"SLOT": "blue", "VERSION": "v1", "INSTANCE": "blue-1", "PORT": "8000"},
        **{"colour": "green", "secret": WORD},
    }
    assert seen["argv"] == ["service.py", "8000", "blue", "v1"]


async def test_a_secret_is_in_no_command_no_file_no_image_and_no_log(yard: Yard) -> None:
    made = await yard.build()
    await yard.start(made)
    (key,) = yard.keys()
    about = yard.engine.ask("GET", f"/containers/{key}/json").json()
    lines = await yard.provider.tail(yard.web, "blue", 50)
    await yard.stop(made)
    kept = await yard.provider.tail(yard.web, "blue", 50)

    files = [one.read_text() for one in yard.root.rglob("*") if one.is_file()]
    image = yard.engine.ask("GET", f"/images/{about['Image']}/history").text
    assert WORD not in json.dumps([about["Path"], about["Args"], about["Config"]["Labels"], image, *files])
    assert "the word is [secret]" in lines
    assert kept == lines


async def test_a_hang_is_named(yard: Yard) -> None:
    yard.change(health=HealthCheck(start_seconds=2, timeout=1))

    with pytest.raises(StartFailed, match="blue-1 hangs at start: no answer from /health") as told:
        await yard.start(await yard.build(does="hang"))

    assert "listens on 0.0.0.0 and $PORT" in told.value.cure
    assert yard.keys() == [] and (await yard.running()).slots == ()


async def test_too_much_memory_is_named(yard: Yard) -> None:
    yard.change(memory_limit=40, health=HealthCheck(start_seconds=20, timeout=1))

    with pytest.raises(StartFailed, match="memory over limit: 40 MiB|ended with 137"):
        await yard.start(await yard.build(does="hoard"))

    assert yard.keys() == []


async def test_an_unhealthy_answer_is_named_with_the_end_of_the_log(yard: Yard) -> None:
    yard.change(health=HealthCheck(start_seconds=2, timeout=1))

    with pytest.raises(
        StartFailed, match=r"(?s)is unhealthy: /health answered 500.*starting blue-1 does broken"
    ):
        await yard.start(await yard.build(does="broken"))


async def test_a_failed_healthcheck_of_the_image_counts(yard: Yard) -> None:
    yard.change(health=HealthCheck(expect={"status": "ok"}, start_seconds=4, timeout=1))
    sick = f'{DOCKERFILE}HEALTHCHECK --interval=1s --retries=1 CMD ["python3", "-c", "exit(1)"]\n'
    made = await yard.build(files=with_dockerfile(sick))
    await yard.start(made)  # well as long as the engine has not looked

    one = await yard.once(lambda one: not one.healthy)

    assert one.detail == "its image's HEALTHCHECK fails"


async def test_words_that_cannot_be_executed_are_named(yard: Yard) -> None:
    yard.change(run=("no-such-program",))

    with pytest.raises(StartFailed, match="(?s)ended with 127 .*exec no-such-program failed"):
        await yard.start(await yard.build())

    assert yard.keys() == []


async def test_a_port_that_somebody_took_is_left_to_them(yard: Yard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        taken, free = theirs.getsockname()[1], free_port()
        yard.ports = chain([taken], repeat(free)).__next__
        await yard.start(await yard.build())

    (one,) = await yard.instances()
    assert one.address == f"127.0.0.1:{free}" and len(yard.keys()) == 1


async def test_only_taken_ports_end_in_their_name(yard: Yard) -> None:
    made = await yard.build()

    with socket.create_server(("127.0.0.1", 0)) as theirs:
        taken = theirs.getsockname()[1]
        yard.ports = repeat(taken).__next__
        with pytest.raises(PortTaken) as told:
            await yard.start(made)

    assert told.value.port == taken and yard.keys() == []


async def test_a_name_that_somebody_took_is_left_to_them(yard: Yard) -> None:
    made = await yard.build()
    theirs = yard.engine.make("shop-test-web-blue-1")

    with pytest.raises(NameTaken, match="a container that is not ours is called shop-test-web-blue-1"):
        await yard.start(made)

    assert yard.keys() == [theirs]


async def test_what_somebody_removed_or_stopped_is_seen_and_brought_back(yard: Yard) -> None:
    await yard.start(await yard.build(), instances=2)
    await yard.share({"blue": 100})
    first, second = (one["Id"] for one in yard.engine.listed())
    yard.engine.ask("DELETE", f"/containers/{first}", params={"force": "true"})
    yard.engine.ask("POST", f"/containers/{second}/stop", params={"t": "0"})

    (left,) = await yard.instances()
    assert left.detail.startswith("ended with") and "is not started again" in left.detail
    assert sorted(await yard.provider.tend(yard.web)) == ["blue-1 started", "blue-2 started"]

    assert [one.healthy for one in await yard.instances()] == [True, True]
    assert len(yard.router.servers["blue"]) == 2
    assert await yard.provider.tend(yard.web) == ()


async def test_a_container_of_another_image_is_found_out(yard: Yard) -> None:
    await yard.start(await yard.build("v1"))
    other = await yard.build("v2")
    await yard.start(other, "green")
    labels = next(
        one["Labels"] for one in yard.engine.listed() if one["Labels"]["orchestrate.slot"] == "blue"
    )
    green = next(one for one in yard.engine.listed() if one["Labels"]["orchestrate.slot"] == "green")
    for one in yard.engine.listed():
        if one["Labels"]["orchestrate.slot"] == "blue":
            yard.engine.ask("DELETE", f"/containers/{one['Id']}", params={"force": "true"})
    yard.engine.make("theirs", image=green["ImageID"], labels=labels)

    (one,) = await yard.instances()

    assert one.tree == f"image {green['ImageID']}"


async def test_a_start_that_was_cut_short_is_finished_by_whoever_comes(yard: Yard) -> None:
    made = await yard.build()
    await yard.start(made)
    (key,) = yard.keys()
    about = yard.engine.ask("GET", f"/containers/{key}/json").json()
    await yard.stop(made)
    name = about["Name"].lstrip("/")
    yard.engine.make(name, image=about["Image"], labels=about["Config"]["Labels"])  # and not started

    await yard.start(made)

    (one,) = await yard.instances()
    assert one.healthy and len(yard.keys()) == 1


async def test_a_crash_is_counted_and_the_engine_starts_it_again(yard: Yard) -> None:
    await yard.start(await yard.build())
    (before,) = await yard.instances()
    with suppress(httpx.TransportError):
        await asked(before.address, "/crash")

    one = await yard.once(lambda one: one.restarts > 0 and one.healthy)

    assert (one.restarts, one.healthy, one.address) == (1, True, before.address)


async def test_environments_on_one_engine_do_not_see_each_other(yard: Yard, tmp_path: Path) -> None:
    await yard.start(await yard.build())
    other = Yard(yard.engine, tmp_path / "other", yard.web)

    assert (await other.running()).slots == ()
    assert {one["Labels"][PLACE] for one in yard.engine.listed()} != set()


async def test_a_repository_without_a_dockerfile_cannot_be_built(yard: Yard) -> None:
    with pytest.raises(BuildFailed, match="the repository has no Dockerfile"):
        await yard.build(files=with_dockerfile(""))


async def test_no_move_waits_for_what_a_container_takes(yard: Yard) -> None:
    await yard.start(await yard.build())

    (one,) = await yard.instances()

    assert (one.cpu, one.memory) == (None, None)


async def test_what_a_container_takes_is_told(yard: Yard) -> None:
    yard.change(memory_limit=200)
    await yard.start(await yard.build())

    await yard.provider.measured(yard.web)
    (one,) = (await yard.provider.measured(yard.web)).slots[0].instances

    assert one.cpu is not None and one.memory is not None and 1 < one.memory < 200
    assert one.pid is not None


async def test_whether_the_machine_has_room_for_further_containers_is_told(yard: Yard) -> None:
    unknown = await yard.provider.resources()
    await yard.start(await yard.build())
    few = await yard.provider.resources()
    yard.change(strategy=Strategy.BLUE_GREEN, instances=10**9)
    measured = await yard.provider.resources()
    yard.change(instances=1, memory_limit=10**9)
    limited = await yard.provider.resources()

    assert not unknown.headroom and unknown.untold[0].startswith("web: no memory_limit, and no instance")
    assert (few.headroom, few.lacks, few.untold) == (True, (), ())
    assert "more of web find no room on this machine" in measured.lacks[0]
    assert limited.lacks[0].startswith("1 more of web find no room on this machine: 1000000000 MiB each, ")


async def test_a_component_without_a_port_is_well_when_it_stays(yard: Yard) -> None:
    yard.change(port=0)
    await yard.start(await yard.build())

    (one,) = await yard.instances()

    assert (one.healthy, one.address) == (True, "")


async def test_a_container_that_wrote_too_much_to_be_read_can_be_ended(yard: Yard) -> None:
    loud = "import sys; [print('x' * 16000) for _ in range(2000)]; import time; time.sleep(600)"
    yard.change(port=0, run=("python3", "-c", loud), log_cap=64 * 2**20)
    made = await yard.build()
    await yard.start(made)

    await yard.stop(made)

    assert yard.keys() == []
    assert len(await yard.provider.tail(yard.web, "blue", 100)) in range(51)
