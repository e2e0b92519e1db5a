"""The crash matrix: whenever a process is killed, the next one comes to the same end, each effect once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.postgres import Postgres

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
REPOSITORY = Path(__file__).parent.parent.parent
LONG = [pytest.param(scene, marks=pytest.mark.slow) for scene in ("good", "back")]
CLEAN = "0 duplicated, 0 lost, 0 stuck, 0 different"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("scene", [*LONG, "held"])
def test_whenever_a_process_is_killed_the_next_one_comes_to_the_same_end(
    capsys: pytest.CaptureFixture[str], scene: str
) -> None:
    """The other scenes, and these, are played with all pairs."""
    said = played(capsys, scene)

    assert clean(said) > 10


@pytest.mark.pairs
@pytest.mark.timeout(3600)
def test_also_when_the_process_that_recovers_is_killed(capsys: pytest.CaptureFixture[str]) -> None:
    said = played(capsys, "--pairs")

    assert clean(said) > 10_000


@pytest.mark.pairs
@pytest.mark.timeout(1800)
def test_also_where_only_a_line_of_a_story_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    said = played(capsys, "--every-write")

    assert clean(said) > 600


@pytest.mark.pairs
@pytest.mark.postgres
@pytest.mark.timeout(1800)
def test_also_on_postgresql(capsys: pytest.CaptureFixture[str], postgres: Postgres) -> None:
    said = played(capsys, "--postgres", str(postgres.port))

    assert clean(said) > 200


def test_an_executor_that_does_not_look_is_caught(capsys: pytest.CaptureFixture[str]) -> None:
    said = played(capsys, "back", "--blind")

    assert re.search(r"duplicated: .*tracker.create announce/DEPLOYMENT/start", "\n".join(said))
    assert not said[-1].endswith(CLEAN)


def played(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """What the matrix says, shown also where all is well."""
    command = [sys.executable, "-m", "tests.faults.crashes", *words]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    with capsys.disabled():
        sys.stdout.write("".join(f"\n{line}" for line in run.stdout.splitlines() if CLEAN in line))
    assert not run.stderr, run.stderr
    return run.stdout.splitlines()


def clean(said: list[str]) -> int:
    """How many cases were played, all of which ended well."""
    counted = re.fullmatch(rf"(\d+) cases: {CLEAN}", said[-1])
    assert counted, "\n".join(said)
    return int(counted[1])
