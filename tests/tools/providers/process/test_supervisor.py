from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import psutil
import pytest

from tools.providers.fleet.polling import until
from tools.providers.process import instances
from tools.providers.process.identity import is_alive
from tools.providers.process.instances import belonging_to
from tools.providers.process.log_file import newest
from tools.providers.process.records import Spec, State, read_state

SECRET = "correct-horse-battery"


def spec(program: str, **facts: object) -> Spec:
    usual = Spec(
        instance="blue-1",
        tree="0",
        argv=[sys.executable, "-S", "-c", program],
        cwd="/",
        environment={"PATH": os.defpath},
        port=0,
        log_cap=100_000,
        memory_limit=None,
        stop_seconds=0.5,
    )
    return usual._replace(**facts)


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncGenerator[Path]:
    yield tmp_path
    await instances.stop(tmp_path)
    assert belonging_to(tmp_path) == []


def state(folder: Path) -> State:
    found = read_state(folder)
    assert found is not None
    return found


async def shows(folder: Path, is_so: Callable[[State], bool]) -> State:
    assert await until(lambda: (one := read_state(folder)) is not None and is_so(one), 10), state(folder)
    return state(folder)


async def says(folder: Path, text: str) -> None:
    assert await until(lambda: text in [line.text for line in newest(folder, 50)], 10), newest(folder, 50)


async def test_a_child_that_ends_is_started_again_later_and_later(folder: Path) -> None:
    await instances.start(folder, spec("import time; print(time.monotonic()); raise SystemExit(3)"), {})

    after = await shows(folder, lambda one: one.restarts >= 3)

    starts = [float(line.text) for line in newest(folder, 3)]
    assert (after.last_exit, after.detail) == (3, "ended with 3")
    assert starts[1] - starts[0] >= 0.2
    assert starts[2] - starts[1] >= 0.4


async def test_a_child_ended_by_a_signal_is_said_to_be(folder: Path) -> None:
    await instances.start(folder, spec("import os; os.kill(os.getpid(), 9)"), {})

    after = await shows(folder, lambda one: one.restarts >= 1)

    assert (after.last_exit, after.detail) == (-9, "ended by signal 9")


async def test_a_program_that_cannot_be_started_is_said_to_be(folder: Path) -> None:
    await instances.start(folder, spec("")._replace(argv=["/nowhere/program"]), {})

    after = await shows(folder, lambda one: one.restarts >= 1)

    assert after.detail == "cannot be started: No such file or directory: /nowhere/program"


async def test_both_outputs_are_captured(folder: Path) -> None:
    program = (
        "import sys, time; print('out'); sys.stdout.flush(); print('err', file=sys.stderr); time.sleep(60)"
    )

    await instances.start(folder, spec(program), {})

    await says(folder, "out")
    await says(folder, "err")


async def test_a_secret_reaches_the_child_and_neither_a_file_nor_an_argument(folder: Path) -> None:
    program = "import os, time; print('have', os.environ['WORD'], flush=True); time.sleep(60)"

    await instances.start(folder, spec(program), {"WORD": SECRET})
    await says(folder, "have [secret]")

    ours = [psutil.Process(one.pid) for one in belonging_to(folder)]
    assert len(ours) == 2
    assert all(SECRET not in " ".join(process.cmdline()) for process in ours)
    assert SECRET not in str(ours[0].environ())
    assert all(SECRET.encode() not in path.read_bytes() for path in folder.iterdir())


async def test_what_it_writes_is_for_its_owner_only(folder: Path) -> None:
    await instances.start(folder, spec("import time; print('hello', flush=True); time.sleep(60)"), {})
    await says(folder, "hello")

    assert {path.name: path.stat().st_mode & 0o077 for path in folder.iterdir()} == {
        "spec.json": 0,
        "state.json": 0,
        "lock": 0,
        "head.log": 0,
    }


async def test_more_memory_than_allowed_is_noticed_and_ended(folder: Path) -> None:
    program = "import time; hoard = b'x' * (60 * 2**20); time.sleep(60)"

    await instances.start(folder, spec(program, memory_limit=40), {})
    after = await shows(folder, lambda one: one.restarts >= 1)

    assert after.detail.startswith("memory over limit: ")
    assert after.detail.endswith(" MiB > 40 MiB")
    assert after.last_exit == -signal.SIGKILL


async def test_the_memory_of_descendants_counts(folder: Path) -> None:
    hoard = "import time; hoard = b'x' * (60 * 2**20); time.sleep(60)"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {hoard!r}])"

    await instances.start(folder, spec(program, memory_limit=50), {})

    after = await shows(folder, lambda one: one.restarts >= 1)
    assert after.detail.startswith("memory over limit: ")


async def test_the_end_is_passed_on_and_the_child_may_finish(folder: Path) -> None:
    program = """
import os, signal, sys, time
def finish(*_): os.write(1, b"finished\\n"); sys.exit(0)
signal.signal(signal.SIGTERM, finish)
print("ready", flush=True)
time.sleep(60)
"""
    await instances.start(folder, spec(program), {})
    await says(folder, "ready")
    supervisor = state(folder).supervisor

    os.kill(supervisor.pid, signal.SIGTERM)

    assert await until(lambda: not is_alive(supervisor), 5)
    await says(folder, "finished")
    assert (state(folder).status, state(folder).last_exit, state(folder).restarts) == ("ended", 0, 0)


async def test_a_child_that_does_not_want_to_end_is_ended_with_its_group(folder: Path) -> None:
    program = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
print("ready", flush=True)
time.sleep(60)
"""
    await instances.start(folder, spec(program), {})
    await says(folder, "ready")
    assert len(belonging_to(folder)) == 3

    began = time.monotonic()
    await instances.stop(folder)

    assert 0.5 <= time.monotonic() - began < 4
    assert belonging_to(folder) == []


async def test_what_a_child_leaves_in_its_group_is_ended_before_the_next_start(folder: Path) -> None:
    program = """
import subprocess, sys
subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
raise SystemExit(1)
"""
    await instances.start(folder, spec(program), {})

    await shows(folder, lambda one: one.restarts >= 3)

    assert len(belonging_to(folder)) <= 3


async def test_somebody_who_left_the_group_is_ended_too(folder: Path) -> None:
    program = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"], start_new_session=True)
print("ready", flush=True)
time.sleep(60)
"""
    await instances.start(folder, spec(program), {})
    await says(folder, "ready")

    await instances.stop(folder)

    assert belonging_to(folder) == []


async def test_an_instance_has_one_supervisor(folder: Path) -> None:
    await instances.start(folder, spec("import time; time.sleep(60)"), {})
    first = state(folder).supervisor

    others = [
        asyncio.create_subprocess_exec(
            sys.executable,
            "-S",
            "-m",
            instances.PROGRAM,
            str(folder / "spec.json"),
            stdin=asyncio.subprocess.DEVNULL,
        )
        for _ in range(3)
    ]
    codes = [await process.wait() for process in await asyncio.gather(*others)]

    assert codes == [0, 0, 0]
    assert state(folder).supervisor == first
    assert len(belonging_to(folder)) == 2


async def test_a_large_stream_stays_within_the_cap_and_the_supervisor_small(folder: Path) -> None:
    program = """
import sys
block = b"a line of forty-nine bytes and one for its end...\\n" * 20_000
for _ in range(50): sys.stdout.buffer.write(block)
print("the end", flush=True)
import time; time.sleep(60)
"""
    await instances.start(folder, spec(program, log_cap=1_000_000), {})
    await says(folder, "the end")

    kept = sum(path.stat().st_size for path in folder.glob("*.log"))
    assert 900_000 < kept <= 1_000_000
    assert psutil.Process(state(folder).supervisor.pid).memory_info().rss < 25 * 2**20


async def test_the_supervisor_needs_the_standard_library_only() -> None:
    program = (
        f"import sys, {instances.PROGRAM}; print([m for m in sys.modules if m in ('psutil', 'pydantic')])"
    )

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, '.'); {program}",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()

    assert (process.returncode, output.strip()) == (0, b"[]")
