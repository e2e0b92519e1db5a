from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tools import occupants
from tools.marker import MARKER
from tools.workspace import Ending, create, destroy

REPOSITORY = Path(__file__).parent.parent.parent


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "all/workspaces"
    root.mkdir(parents=True, mode=0o700)
    return root


def python(*words: str, cwd: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, *words], cwd=cwd, stdout=subprocess.PIPE)


SLEEPING = "import pathlib, sys, time; print('up', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPING}"
HOLDING = f"import os, sys; held = os.open(sys.argv[1], os.O_RDONLY); {SLEEPING}"


@pytest.mark.parametrize("how", ["works in it", "holds a file", "does not listen"])
def test_processes_that_live_in_a_workspace_are_ended(root: Path, how: str) -> None:
    folder = create(root)
    (folder / "src").mkdir()
    code = {"holds a file": HOLDING, "does not listen": STUBBORN}.get(how, SLEEPING)
    with python(
        "-c", code, str(folder / MARKER), cwd=root if how == "holds a file" else folder / "src"
    ) as child:
        assert child.stdout and child.stdout.readline()

        said = destroy(root, folder, grace=0.3)

        number = -child.wait(5)
    assert number == (signal.SIGKILL if how == "does not listen" else signal.SIGTERM)
    assert (said.ending, len(said.stopped)) == (Ending.DESTROYED, 1)
    assert f"({child.pid})" in str(said)


def unheard(process: psutil.Process, number: signal.Signals) -> None:
    """A signal that arrives nowhere."""


def test_who_hears_no_signal_keeps_the_workspace(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process does that waits for a disk which is gone."""
    folder = create(root)
    monkeypatch.setattr(occupants, "_send", unheard)
    with python("-c", SLEEPING, cwd=folder) as child:
        assert child.stdout and child.stdout.readline()

        said = destroy(root, folder, grace=0.1)

        child.kill()
    assert (said.ending, said.entries) == (Ending.INCOMPLETE, 0)
    assert "does not end" in str(said) and (folder / MARKER).exists()


def test_processes_beside_it_live_on(root: Path, tmp_path: Path) -> None:
    folder, beside = create(root), root / "beside"
    beside.mkdir()
    with python("-c", SLEEPING, cwd=beside) as one, python("-c", SLEEPING, cwd=tmp_path) as other:
        for child in (one, other):
            assert child.stdout and child.stdout.readline()

        said = destroy(root, folder)

        assert (one.poll(), other.poll(), said.stopped) == (None, None, ())
        one.kill()
        other.kill()


def test_a_process_under_a_pid_that_was_given_again_is_not_signalled(root: Path) -> None:
    folder = create(root)
    with python("-c", SLEEPING, cwd=folder) as child:
        assert child.stdout and child.stdout.readline()
        (found,) = occupants.occupants(folder)
        found._ident = (child.pid, 1.0)  # pyright: ignore[reportAttributeAccessIssue] - psutil compares by it

        occupants._send(found, signal.SIGKILL)

        assert child.poll() is None
        child.kill()


def test_who_started_this_from_inside_is_not_ended(root: Path) -> None:
    folder = create(root)
    code = (
        "import os, subprocess, sys\n"
        "code = 'import sys; from pathlib import Path; from tools.workspace import destroy;'"
        "'print(destroy(Path(sys.argv[1]), sys.argv[2]))'\n"
        f"subprocess.run([sys.executable, '-c', code, *sys.argv[1:]], cwd={str(REPOSITORY)!r})\n"
    )
    with python("-c", code, str(root), folder.name, cwd=folder) as shell:
        said, _ = shell.communicate(timeout=20)

    assert b"incomplete" in said and b"works in it" in said and shell.returncode == 0
    assert folder.exists()
