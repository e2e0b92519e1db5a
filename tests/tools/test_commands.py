from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from orchestrate.errors import CommandFailed, ProgramMissing
from tools.commands import CLEAN, run


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture
def typing() -> Generator[None]:
    """Somebody typed a line, and whoever reads our input gets it."""
    ours, (reading, writing) = os.dup(0), os.pipe()
    os.write(writing, b"Approved\n")
    os.close(writing)
    os.dup2(reading, 0)
    os.close(reading)
    yield
    os.dup2(ours, 0)
    os.close(ours)


def parent_of_a_sleeper(mark: Path) -> str:
    return (
        "import pathlib, subprocess; child = subprocess.Popen(['sleep', '30']);"
        f"pathlib.Path({str(mark)!r}).write_text(str(child.pid)); child.wait()"
    )


async def test_a_program_is_run_and_its_output_is_kept() -> None:
    output = await run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"))

    assert (output.code, output.text, output.complaint) == (3, "out\n", "err")


async def test_a_bad_end_is_an_error_only_where_a_whole_answer_is_wanted() -> None:
    output = await run(python("raise SystemExit('no')"))

    with pytest.raises(CommandFailed, match="ended with 1: no"):
        output.whole()


async def test_a_missing_program_has_a_cure() -> None:
    with pytest.raises(ProgramMissing) as missing:
        await run(["no-such-program"])

    assert "install no-such-program" in missing.value.cure


async def test_nothing_of_our_environment_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hidden")

    output = await run(python("import os; print(os.environ.get('SECRET'))"))

    assert output.text == "None\n"


async def test_what_people_type_to_us_is_not_read_by_a_program(typing: None) -> None:
    assert (await run(["cat"])).whole().stdout == b""


async def test_what_is_fed_arrives() -> None:
    output = await run(["cat"], stdin=b"a" * 200_000)

    assert output.whole().stdout == b"a" * 200_000


async def test_of_much_output_head_and_tail_are_kept() -> None:
    output = await run(python("print('a' * 100_000 + 'z' * 100_000, end='')"), cap=1000)

    assert output.is_cut
    assert output.stdout == b"a" * 500 + b"z" * 500
    with pytest.raises(CommandFailed, match="more than is read"):
        output.whole()


async def test_a_timeout_ends_the_whole_group(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    child = parent_of_a_sleeper(mark)

    with pytest.raises(CommandFailed, match="did not end in time"):
        await run(python(child), timeout=1)

    assert await gone(int(mark.read_text()))


async def test_cancelling_ends_the_whole_group(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    child = parent_of_a_sleeper(mark)
    task = asyncio.create_task(run(python(child)))
    while not mark.exists() or not mark.read_text():
        await asyncio.sleep(0.02)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await gone(int(mark.read_text()))


async def test_a_child_left_behind_does_not_hold_the_caller() -> None:
    began = time.monotonic()

    output = await run(python("import subprocess; subprocess.Popen(['sleep','30']); print('done')"))

    assert output.text == "done\n"
    assert time.monotonic() - began < 5


INSIDE = """
import json, os, sys
def is_open(fd):
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
print(json.dumps({
    "open": [fd for fd in range(1024) if is_open(fd)],
    "variables": sorted(os.environ),
    "leads": [os.getpid() == os.getsid(0), os.getpid() == os.getpgid(0)],
    "terminal": any(os.isatty(fd) for fd in (0, 1, 2)),
    "words": sys.argv[1:],
}))
"""
HOSTILE = [
    "$(id)",
    "`id`",
    "; id",
    "a\nb",
    "-rf",
    "--",
    "*",
    "~",
    "| id",
    "&& id",
    "'",
    '"',
    "\\",
    "%s",
    "ü\u202e",
]


async def test_a_child_sees_its_words_three_streams_and_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "SECRET",
        "GITHUB_TOKEN",
        "DATABASE_URL",
        "GIT_DIR",
        "GIT_SSH_COMMAND",
        "LD_PRELOAD_X",
        "BASH_ENV",
    ):
        monkeypatch.setenv(name, "hidden-canary")
    with (tmp_path / "lock").open("w") as lock, socket.socket() as connection:
        for held in (lock.fileno(), connection.fileno()):
            os.set_inheritable(held, True)

        output = await run([*python(INSIDE), *HOSTILE])

    seen = json.loads(output.whole().text)
    assert seen["open"] == [0, 1, 2]
    assert set(seen["variables"]) <= {*CLEAN, "LC_CTYPE"}
    assert seen["leads"] == [True, True] and not seen["terminal"]
    assert seen["words"] == HOSTILE
    assert "hidden-canary" not in output.text


async def test_what_never_stops_writing_is_ended_in_time_and_kept_in_bounds() -> None:
    endless = "import sys\nwhile True: sys.stdout.write('x' * 65536); sys.stderr.write('y' * 65536)"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(CommandFailed) as failed:
        await run(python(endless), timeout=0.5, cap=1000)

    assert len(failed.value.output) <= 1000
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 32 * 1024 * (1024 if sys.platform == "darwin" else 1)


async def test_who_does_not_listen_is_killed_with_its_group(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    stubborn = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {parent_of_a_sleeper(mark)}"

    with pytest.raises(CommandFailed, match="did not end in time"):
        await run(python(stubborn), timeout=0.5)

    assert await gone(int(mark.read_text()))


async def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and " Z " in Path(f"/proc/{pid}/stat").read_text():
            return True
        await asyncio.sleep(0.02)
    return False
