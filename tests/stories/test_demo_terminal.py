"""The demo at a terminal: a person is asked, stops it, and stops everything."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrate.models.deployment import Status
from tests.stories.theatre import Theatre

pytestmark = pytest.mark.timeout(120)

COLOURS = re.compile(r"\x1b\[(?:3[0-7]|38;|4[0-7])")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Terminal:
    """A demo with a terminal of 80 columns and 24 lines, and what it has shown so far."""

    child: subprocess.Popen[bytes]
    end: int  # our end of the terminal
    shown: str = ""

    def wait_for(self, words: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while words not in self.shown:
            assert time.monotonic() < end, f"{words!r} was not shown:\n{self.shown}"
            self.read()

    def read(self) -> None:
        if select.select([self.end], [], [], 0.2)[0]:
            with suppress(OSError):  # nobody is at the other end any more
                self.shown += os.read(self.end, 65536).decode(errors="replace")

    def ended(self) -> int:
        while self.child.poll() is None:
            self.read()
        self.read()
        return self.child.returncode


@contextmanager
def terminal(*words: str) -> Generator[Terminal]:
    """`orchestrate` at a terminal that wants no colours."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "NO_COLOR": "1"}
    child = subprocess.Popen(
        [sys.executable, "-m", "orchestrate", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(child, ours)
    finally:
        if child.poll() is None:
            child.kill()
        child.wait(10)
        os.close(ours)


@pytest.mark.slow
def test_a_person_is_asked_stops_and_is_told_how_to_go_on(tmp_path: Path) -> None:
    theatre = Theatre(tmp_path / "orchestrate-demo")
    try:
        with terminal("demo", "--folder", str(theatre.folder), "--port", "0") as seen:
            seen.wait_for("Approve?")
            os.kill(seen.child.pid, signal.SIGINT)
            assert seen.ended() == 130
        plain = CONTROL.sub("", seen.shown)

        assert COLOURS.search(seen.shown) is None
        assert "Shop asks: may shop" in plain
        assert f"demo --folder {theatre.folder} --stop" in plain
        assert theatre.last("install").status is Status.WAITING
        assert theatre.leftovers() != []
        check_stopping(theatre)
    finally:
        theatre.close()


def check_stopping(theatre: Theatre) -> None:
    """Everything ends, and what was stopped in the middle is not begun again."""
    assert theatre.demo("--stop", seconds=60).returncode == 0
    assert theatre.leftovers() == []
    again = theatre.demo("--yes", seconds=60)
    assert again.returncode == 1
    assert "was stopped in the middle" in again.stderr
    assert "rm -r" in again.stderr


def test_a_port_that_is_taken_is_named_with_the_cure(tmp_path: Path) -> None:
    theatre = Theatre(tmp_path / "orchestrate-demo")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        run = theatre.demo("--yes", "--port", str(port), seconds=60)

    assert run.returncode == 3
    assert run.stderr.startswith(f"error: port {port} is taken by another program\ntry: --port 0")
    assert not theatre.folder.exists()


def test_stopping_where_there_is_no_demo_is_refused(tmp_path: Path) -> None:
    run = Theatre(tmp_path / "nowhere").demo("--stop", seconds=60)

    assert run.returncode == 1
    assert "there is no demo in" in run.stderr


def test_a_folder_that_belongs_to_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "orchestrate.yaml").write_text("service: mine\n")

    run = Theatre(tmp_path).demo("--yes", seconds=60)

    assert run.returncode == 1
    assert "belongs to something else" in run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["orchestrate.yaml"]
