"""The demo is killed in the middle; a worker and a person bring it to the same end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrate.demo.play import is_settled
from orchestrate.demo.prepare import Errand
from orchestrate.demo.traffic import read_counts
from orchestrate.models.deployment import Status
from tests.stories.theatre import ENDS, LONGEST, STEPS, Theatre, ends, repeated, steps, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * LONGEST)]


def is_canary_under_way(theatre: Theatre) -> bool:
    """Whether the good change has its first customers."""
    if not (theatre.folder / "orchestrate.yaml").exists() or theatre.store.tasks.find("demo/ratings") is None:
        return False
    rows = [row for row in theatre.deployments("ratings") if row.environment == "production"]
    return any(watch.share == 10 for row in rows for watch in theatre.store.watches.of(row.id))


def approve_what_waits(theatre: Theatre) -> None:
    """What a person would type."""
    for question in theatre.store.questions.unanswered():
        if theatre.store.deployments.deployment(question.deployment).status is Status.WAITING:
            run = theatre.run(*theatre.config, "deploy", "approve", question.id)
            assert run.returncode == 0, run.stderr


def is_at_the_end(theatre: Theatre) -> bool:
    approve_what_waits(theatre)
    errands = [Errand(name=name, task=theatre.task(name).id, change=None) for name in STEPS]
    return is_settled(theatre.store, errands)


def test_killed_in_the_canary_it_ends_the_same(tmp_path: Path) -> None:
    theatre = Theatre(tmp_path / "orchestrate-demo")
    try:
        words = ("demo", "--folder", str(theatre.folder), "--yes", "--port", "0")
        with theatre.running(*words, log=tmp_path / "demo.log") as demo:
            until(lambda: is_canary_under_way(theatre), 120, "the canary")
            demo.kill()

        with theatre.running(*theatre.config, "worker", log=tmp_path / "worker.log") as worker:
            until(lambda: is_at_the_end(theatre), LONGEST, "the end")
        assert worker.returncode == 0, (tmp_path / "worker.log").read_text()

        check_the_end(theatre)
    finally:
        theatre.close()
    assert theatre.leftovers() == []


def check_the_end(theatre: Theatre) -> None:
    """As if nobody had been killed; and the command says so."""
    assert steps(theatre) == STEPS
    assert ends(theatre) == ENDS
    assert theatre.shares(theatre.last("ratings")) == [10, 25, 50, 100]
    assert repeated(theatre) == []
    seen = read_counts(theatre.folder / "production.json")
    assert set(seen.errors) <= {"status_500"}
    run = theatre.demo("--json")
    told = json.loads(run.stdout)
    assert (run.returncode, told["is_good"], len(told["fix_tasks"])) == (0, True, 1)
    assert told["revert"] is not None
