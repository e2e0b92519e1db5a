"""What tests of the command line share: a command in this process, and a shop to deploy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrate.cli.entry import run
from tests.orchestrate.cli.world import Ran, Shop, stop_all_below

Command = Callable[..., Ran]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder in which commands are typed; what they started there ends with the test."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    stop_all_below(tmp_path)


@pytest.fixture
def shop(folder: Path) -> Shop:
    """A service with a remote, whose environment asks nobody."""
    return Shop(folder)


@pytest.fixture
def asking_shop(folder: Path) -> Shop:
    """The same, with an environment that asks ada."""
    return Shop(folder, rules="requires_approval: true\n    approvers: [ada]")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in this process."""

    def typed(*words: str) -> Ran:
        capsys.readouterr()
        code = run(words)
        said = capsys.readouterr()
        ran = Ran(code, said.out, said.err)
        ran.check_calm()
        return ran

    return typed
