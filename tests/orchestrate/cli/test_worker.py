"""Stories of the worker: it takes what is ready, tells what happens, and stops when told."""

from __future__ import annotations

import asyncio
import json
import signal
import time

import pytest

from orchestrate.app import assembled
from orchestrate.settings import load
from orchestrate.unblocking import Unblocking
from orchestrate.worker import Serving
from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.test_answers import until
from tests.orchestrate.cli.world import Ran, Shop


def with_flow(shop: Shop) -> None:
    shop.settings.write_text("flow: [test]\n" + shop.settings.read_text())


def is_closed(command: Command, task: str) -> bool:
    found = json.loads(command("task", "show", task, "--json").out)["task"]
    return found["closed_reason"] is not None


def test_what_is_ready_is_deployed_once(shop: Shop, command: Command) -> None:
    with_flow(shop)
    command("task", "add", "Ship it", "--version", "main")

    ran = command("worker", "--once")

    assert ran.code == 0
    assert "claimed T-1 as deployment" in ran.out and "deploy" in ran.out
    assert is_closed(command, "T-1")
    assert command("worker", "--once").out == ""


@pytest.mark.parametrize("by", ["option", "variable"])
def test_one_task_is_deployed_and_the_worker_ends(
    shop: Shop, command: Command, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    with_flow(shop)
    command("task", "add", "Ship it", "--version", "main")
    command("task", "add", "Leave it", "--version", "main")
    monkeypatch.setenv("TASK_ID", "T-1")

    ran = command("worker", *(["--task", "T-1"] if by == "option" else []), "--json")

    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert (ran.code, lines[-1]["exit_code"], lines[-1]["deployment"]["task"]) == (0, 0, "T-1")
    assert any(line.get("kind") == "stage" for line in lines)
    assert is_closed(command, "T-1") and not is_closed(command, "T-2")


def test_a_task_that_waits_for_a_person_is_left_waiting(asking_shop: Shop, command: Command) -> None:
    with_flow(asking_shop)
    command("task", "add", "Ship it", "--version", "main")

    ran = command("worker", "--task", "T-1", "--once")

    assert ran.code == 4
    assert ran.out.splitlines()[-1].endswith(ran.out.split("orchestrate deploy status ")[1].strip())


def test_a_closed_task_is_refused(shop: Shop, command: Command) -> None:
    with_flow(shop)
    command("task", "add", "Ship it", "--version", "main")
    command("task", "close", "T-1")

    assert command("worker", "--task", "T-1").code == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_drains_when_it_is_told_to_stop(
    shop: Shop, command: Command, number: signal.Signals
) -> None:
    with_flow(shop)
    command("task", "add", "Ship it", "--version", "main")
    working = shop.begin("worker")
    until(lambda: is_closed(command, "T-1"))

    working.send_signal(number)
    out, err = working.communicate(timeout=20)

    assert working.returncode == 0
    assert "serves shop" in out and "claimed T-1" in out and "the worker has stopped" in out
    assert "stopping: " in err
    Ran(0, out, err).check_calm()


def test_a_second_ctrl_c_ends_a_worker_at_once(shop: Shop, command: Command) -> None:
    with_flow(shop)
    shop.write("slow", does="hang")
    command("task", "add", "Ship it", "--version", "main")
    working = shop.begin("worker")
    until(lambda: '"stage": "deploy"' in command("deploy", "status", "--json").out)

    working.send_signal(signal.SIGINT)
    time.sleep(0.5)
    working.send_signal(signal.SIGINT)
    out, err = working.communicate(timeout=5)

    assert working.returncode == 130
    assert "another worker continues" in err
    Ran(130, out, err).check_calm()


async def test_a_round_that_fails_as_nobody_foresaw_ends_no_worker(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    stop = asyncio.Event()

    async def unforeseen(_: Unblocking) -> None:
        raise KeyError("what no tracker ever left out")

    monkeypatch.setattr(Unblocking, "look", unforeseen)
    async with assembled(load(shop.settings)) as app:
        serving = asyncio.create_task(Serving(app=app, say=said.append).serve(stop))
        async with asyncio.timeout(20):
            while not said:
                await asyncio.sleep(0.05)
        assert not serving.done()
        stop.set()
        await serving

    assert said[0].startswith("Traceback") and "what no tracker ever left out" in said[0]
