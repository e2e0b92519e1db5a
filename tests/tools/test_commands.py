from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from orchestrate.errors import CommandFailed, ProgramMissing
from tools.commands import run


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


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


async def test_no_descriptor_is_inherited(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        code = f"import os\ntry: os.fstat({lock.fileno()}); print('open')\nexcept OSError: print('closed')"

        output = await run(python(code))

    assert output.text == "closed\n"


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
