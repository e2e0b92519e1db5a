"""Stories of waiting: a question is put, answered, refused, taken away, or left."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.cli.scene import Scene
from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Ran, Shop, surroundings


def asked(command: Command) -> tuple[str, str]:
    """A deployment that waits for a person, and its question."""
    ran = command("deploy", "run", "--env", "test", "--detach", "--json")
    assert ran.code == 4
    found = json.loads(ran.out)["deployment"]
    return found["id"], found["waits_for"]["gate"]


def until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def status(command: Command) -> list[dict[str, object]]:
    return json.loads(command("deploy", "status", "--json").out)["deployments"]


def test_whoever_detaches_is_told_how_to_answer(asking_shop: Shop, command: Command) -> None:
    ran = command("deploy", "run", "--env", "test", "--detach")

    [one] = status(command)
    assert (ran.code, one["status"]) == (4, "waiting")
    assert f"orchestrate deploy plan {one['id']}" in ran.out and "orchestrate deploy approve Q" in ran.out


@pytest.mark.parametrize("by", ["question", "deployment"])
def test_an_approval_lets_the_next_worker_go_on(asking_shop: Shop, command: Command, by: str) -> None:
    deployment, question = asked(command)

    said = command(
        "deploy", "approve", question if by == "question" else deployment, "--reason", "looks good"
    )
    again = command("deploy", "approve", question)
    worker = command("worker", "--once")

    assert (said.code, again.code, worker.code) == (0, 0, 0)
    assert said.out == f"{question} of deployment {deployment}: approved by ada\n"
    assert json.loads(command("deploy", "status", deployment, "--json").out)["outcome"] == "deployed"


def test_a_hold_ends_it(asking_shop: Shop, command: Command) -> None:
    deployment, question = asked(command)

    command("deploy", "hold", question)
    command("worker", "--once")

    assert json.loads(command("deploy", "status", deployment, "--json").out)["outcome"] == "held"
    late = command("deploy", "approve", question)
    assert (late.code, question in late.err) == (1, True)


def test_somebody_who_may_not_approve_is_told_so(folder: Path, command: Command) -> None:
    shop = Shop(folder, rules="requires_approval: true\n    approvers: [bo]")
    shop.settings.write_text(
        shop.settings.read_text().replace("people:", "people:\n  bo: {cli: nobody-here}")
    )
    _, question = asked(command)

    ran = command("deploy", "approve", question)

    assert (ran.code, ran.err) == (1, "error: ada is not an approver of test (approvers: bo)\n")


def test_one_may_approve_in_advance(asking_shop: Shop, command: Command) -> None:
    ran = command("deploy", "run", "--env", "test", "--yes")

    assert (ran.code, "ada said approved" in ran.out) == (0, True)


def test_what_has_changed_nothing_can_be_cancelled(asking_shop: Shop, command: Command) -> None:
    command("task", "add", "Ship it", "--version", "main")
    ran = command("deploy", "run", "--env", "test", "--task", "T-1", "--detach", "--json")
    deployment = json.loads(ran.out)["deployment"]["id"]

    cancelled = command("deploy", "cancel", deployment)

    assert (cancelled.code, cancelled.out) == (0, f"deployment {deployment} is cancelled: cancelled by ada\n")
    again = command("deploy", "cancel", deployment)
    assert (again.code, f"deployment {deployment} has ended: cancelled" in again.err) == (1, True)
    thread = command("task", "show", "T-1").out
    assert "On hold" in thread and "was cancelled by ada" in thread
    assert status(command) == []


def test_ctrl_c_says_that_it_goes_on(asking_shop: Shop, command: Command) -> None:
    running = asking_shop.begin("deploy", "run", "--env", "test")
    command("db", "upgrade")
    until(lambda: any(one["status"] == "waiting" for one in status(command)))

    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)

    [one] = status(command)
    assert (running.returncode, one["status"]) == (130, "waiting")
    assert err.startswith(f"stopped; deployment {one['id']} goes on when a worker runs (orchestrate worker)")
    Ran(130, out, err).check_calm()


def test_ctrl_c_in_the_middle_of_a_move_leaves_it_to_a_worker(shop: Shop, command: Command) -> None:
    shop.write("slow", does="hang")
    running = shop.begin("deploy", "run", "--env", "test")
    command("db", "upgrade")
    until(lambda: any(one["stage"] == "deploy" for one in status(command)))

    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)

    assert running.returncode == 130
    assert err.count("\n") == 1 and "goes on when a worker runs" in err
    Ran(130, out, err).check_calm()


def test_a_release_that_is_watched_is_taken_back_on_somebodys_word(folder: Path, command: Command) -> None:
    shop = Shop(folder, period="60s")
    running = shop.begin("deploy", "run", "--env", "test")
    command("db", "upgrade")
    until(lambda: any("watch" in str(one["waits_for"]) for one in status(command)))
    [one] = status(command)
    late = command("deploy", "cancel", str(one["id"]))
    assert (late.code, "has changed things already" in late.err) == (1, True)

    no = command("deploy", "rollback", str(one["id"]), "--reason", "the prices look wrong")
    out, err = running.communicate(timeout=30)

    assert (no.code, running.returncode, err) == (0, 5, "")
    assert "verdict: ada takes it back: the prices look wrong" in out


def test_what_a_worker_drives_is_not_cancelled(asking_shop: Shop, command: Command) -> None:
    deployment, _ = asked(command)
    with Scene(config=asking_shop.settings).store() as store:
        store.leases.take(deployment, "another", 60)

    ran = command("deploy", "cancel", deployment)

    assert (ran.code, "a worker drives" in ran.err) == (1, True)


def test_what_is_not_watched_is_not_taken_back_this_way(asking_shop: Shop, command: Command) -> None:
    command("deploy", "run", "--env", "test", "--yes")
    done = json.loads(command("deploy", "history", "--json").out)["deployments"][0]["id"]

    ran = command("deploy", "rollback", done)

    assert (ran.code, "orchestrate deploy rollback --env test" in ran.err) == (1, True)


def test_a_quarantine_is_shown_and_lifted_on_somebodys_word(shop: Shop, command: Command) -> None:
    shop.write("broken", does="crash")
    command("deploy", "--env", "test")
    bad = shop.remote.tip("main")

    shown = command("deploy", "quarantine", "list", "--env", "test")
    unknown = command("deploy", "quarantine", "lift", "--env", "test", "0000000", "--reason", "x")
    lifted = command("deploy", "quarantine", "lift", "--env", "test", bad[:9], "--reason", "fixed elsewhere")

    assert bad[:12] in shown.out
    assert (unknown.code, f"(known: {bad[:12]})" in unknown.err) == (2, True)
    assert lifted.out == f"test takes {bad[:12]} again, on the word of ada: fixed elsewhere\n"
    assert command("deploy", "quarantine", "list").out == "nothing is refused\n"


def test_a_person_at_a_terminal_is_asked(asking_shop: Shop) -> None:
    said, code = at_a_terminal(asking_shop, "deploy", "run", "--env", "test", answer="y")

    assert code == 0
    assert "yes? [y/N, hold]" in said and "Deployed: shop" in said and "✓plan" in said


def at_a_terminal(shop: Shop, *words: str, answer: str) -> tuple[str, int]:
    """Run a command at a terminal of its own, and type `answer` when it asks."""
    ours, theirs = pty.openpty()
    variables = surroundings(TERM="xterm-256color", COLUMNS="160", LINES="50")
    running = subprocess.Popen(
        [sys.executable, "-m", "orchestrate", *words],
        cwd=shop.folder, env=variables, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    said, is_answered, end = b"", False, time.monotonic() + 40
    while time.monotonic() < end:
        if not select.select([ours], [], [], 0.2)[0]:
            continue
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        said += chunk
        if b"yes? [" in said and not is_answered:
            is_answered = True
            os.write(ours, f"{answer}\n".encode())
    os.close(ours)
    return said.decode(errors="replace"), running.wait(timeout=10)
