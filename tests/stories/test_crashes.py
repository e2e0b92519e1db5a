"""Stories of processes that end at every point: another goes on, and the end is the same."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.errors import StartFailed
from tests.stories.durable import ENDED, carry_on
from tests.stories.world import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
AT_ONCE = 2


def good(here: World) -> None:
    """Nothing goes wrong."""


def bad(here: World) -> None:
    """The traffic does not follow."""

    def fail() -> None:
        raise StartFailed("the router hangs")

    here.provider.at["web: traffic green 100 %"] = fail


def in_child(work: Callable[[], None]) -> int:
    """Do it in a process of its own; its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def run(folder: Path, trouble: Callable[[World], None], at: int) -> Callable[[], None]:
    """One process that carries on, ended at the `at`-th point; how it ended is written down."""

    def work() -> None:
        folder.mkdir(exist_ok=True)
        passed, ending = asyncio.run(carry_on(folder, trouble, at))
        (folder / "ending").write_text(json.dumps({"passed": passed, "ending": ending}))

    return work


def disturbed(folder: Path, trouble: Callable[[World], None], at: int) -> Callable[[], None]:
    """A process that ends at that point, and the next one that carries on."""

    def work() -> None:
        _, status = os.waitpid(in_child(run(folder, trouble, at)), 0)
        if os.waitstatus_to_exitcode(status) != ENDED:
            os._exit(2)
        run(folder, trouble, 0)()

    return work


def read(folder: Path, what: str) -> list[str]:
    """What the last process in this folder wrote down."""
    return json.loads((folder / "ending").read_text())[what]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("trouble", "moves_before"), [(good, 0), (bad, 1)])
def test_whenever_the_process_ends_the_next_one_comes_to_the_same_end(
    folder: Path, trouble: Callable[[World], None], moves_before: int
) -> None:
    calm = folder / "calm"
    run(calm, trouble, 0)()  # here, so that every child begins with what this process has learnt
    passed, wanted = read(calm, "passed"), read(calm, "ending")
    first = [at for at, name in enumerate(passed, 1) if name == "before intent of move"][moves_before]

    wrong: dict[str, object] = {}
    running: dict[int, int] = {}
    todo = list(range(first if moves_before else 1, len(passed) + 1))
    while todo or running:
        while todo and len(running) < AT_ONCE:
            at = todo.pop(0)
            running[in_child(disturbed(folder / str(at), trouble, at))] = at
        pid = next(iter(running))
        _, status = os.waitpid(pid, 0)
        at = running.pop(pid)
        ended = folder / str(at)
        code = os.waitstatus_to_exitcode(status)
        found = read(ended, "ending") if code == 0 else [f"exit {code}"]
        if found != wanted:
            wrong[f"{at} {passed[at - 1]}"] = sorted(set(found) ^ set(wanted)) or found
        shutil.rmtree(ended)

    assert wrong == {}
    assert len(passed) > 50
