"""The demo, from its first line to its last: one run, and a story for each of its four changes."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

import pytest

from orchestrate.analysis.series import totals
from orchestrate.demo.counts import TrafficCounts
from orchestrate.demo.traffic import read_counts
from orchestrate.models.deployment import Deployment
from orchestrate.models.move import SetTraffic
from orchestrate.models.task import Priority, Queue
from tests.stories.theatre import ENDS, LONGEST, STEPS, Theatre, ends, repeated, steps

pytestmark = pytest.mark.timeout(LONGEST + 30)

LINE = re.compile(r" *\d+:\d\d  (shop|change [1-4]|)\s+(staging|production)\s+\S")
QUICK = 30.0  # seconds, on a machine that is busy with other things
A_HANDFUL = 12  # requests


@dataclass(frozen=True)
class Played:
    """A demo that came to its end."""

    theatre: Theatre
    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Generator[Played]:
    theatre = Theatre(tmp_path_factory.mktemp("demo") / "orchestrate-demo")
    try:
        run = theatre.demo("--yes", "--port", "0")
        yield Played(theatre, run.returncode, run.stdout, run.stderr)
    finally:
        theatre.close()


@pytest.fixture
def theatre(played: Played) -> Theatre:
    return played.theatre


def counts(theatre: Theatre) -> TrafficCounts:
    """What production's customers saw."""
    return read_counts(theatre.folder / "production.json")


def watched(theatre: Theatre, row: Deployment) -> tuple[int, int]:
    """Requests that the new version answered while it was watched, and how many failed."""
    store = theatre.store
    samples = [(one, watch) for watch in store.watches.of(row.id) for one in store.watches.samples(watch.id)]
    sums = totals([one for one, watch in samples if one.slot == watch.slot])
    return sums.requests, sums.errors


def test_every_change_ends_as_it_should(played: Played) -> None:
    assert played.code == 0, played.out + played.err
    assert steps(played.theatre) == STEPS
    assert ends(played.theatre) == ENDS


def test_the_good_change_gets_all_customers_step_by_step(theatre: Theatre) -> None:
    row = theatre.last("ratings")

    assert theatre.shares(row) == [10, 25, 50, 100]
    assert [one.data["verdict"] for one in theatre.events(row, "verdict")] == ["pass"] * 5
    assert [one.path for one in theatre.plan(row).migrations] == ["migrations/0002_ratings.sql"]


def test_the_good_change_is_approved_by_the_person_who_typed(theatre: Theatre) -> None:
    questions = theatre.store.questions.for_deployment(theatre.last("ratings").id)

    assert [(one.gate_kind, one.consumed_at is not None) for one in questions] == [("approval", True)]
    assert questions[0].decision is not None
    assert questions[0].decision.channel == "cli"
    assert questions[0].decision.plan_hash == theatre.last("ratings").plan_hash


def test_the_good_change_fails_nobody(theatre: Theatre) -> None:
    requests, errors = watched(theatre, theatre.last("ratings"))

    assert requests > 1000
    assert errors == 0


def test_only_the_canary_fails_customers_and_only_a_handful(theatre: Theatre) -> None:
    seen = counts(theatre)

    assert seen.served > 5000
    assert seen.sent == seen.served + seen.failed
    assert set(seen.errors) == {"status_500"}
    assert 0 < seen.failed <= A_HANDFUL
    assert watched(theatre, theatre.last("currency"))[1] <= seen.failed


def test_the_bad_change_looks_good_in_staging(theatre: Theatre) -> None:
    staged = theatre.deployments("currency")[0]

    assert [one.data["verdict"] for one in theatre.events(staged, "verdict")] == ["pass"]


def test_the_bad_change_is_taken_back_within_two_seconds_of_its_verdict(theatre: Theatre) -> None:
    row = theatre.last("currency")
    verdict = theatre.events(row, "verdict")[-1]
    plan = theatre.plan(row)
    undone = {int(one.data["index"]): one.at for one in theatre.events(row, "undone")}
    given = [index for index in undone if isinstance(plan.moves[index].move, SetTraffic)]
    (verified,) = theatre.events(row, "rollback_verified")

    assert verdict.data["verdict"] == "fail"
    assert max(undone[index] for index in given) - verdict.at < 2
    assert verified.at - verdict.at < 2
    assert verified.data["good"] == "True"


def test_the_fix_task_tells_all_that_is_needed_to_start(theatre: Theatre) -> None:
    (fix,) = theatre.fixes()

    assert (fix.queue, fix.priority, fix.status) == (Queue.EXECUTION, Priority.P0, "Open")
    assert "KeyError in shop/currency.py" in fix.title
    trace = fix.description.partition("### Stack trace")[2]
    assert "Traceback (most recent call last):" in trace
    assert "KeyError: 'JPY'" in trace
    assert re.search(r"### Log\n```.*(path=/|Traceback)", fix.description, re.DOTALL)
    numbers = fix.description.partition("### Numbers that decided")[2].partition("###")[0]
    assert re.search(r"^- \w*requests\w*: [1-9]", numbers, re.MULTILINE)
    assert fix.id in (theatre.task("currency").closed_reason or "")


def test_production_is_locked_against_the_bad_change(theatre: Theatre) -> None:
    (lock,) = theatre.store.quarantine.active("production", "shop")
    (merged,) = theatre.events(theatre.deployments("currency")[0], "merged")

    assert lock.commit == merged.data["commit"]
    assert lock.change == theatre.task("currency").change


def test_a_revert_is_prepared_that_takes_exactly_the_bad_change_back(theatre: Theatre) -> None:
    (prepared,) = theatre.events(theatre.last("currency"), "revert")
    revert = theatre.store.changes.record(prepared.data["change"])
    (good,) = theatre.events(theatre.deployments("ratings")[0], "merged")

    assert theatre.git("rev-parse", f"{revert.branch}^{{tree}}") == theatre.git(
        "rev-parse", f"{good.data['commit']}^{{tree}}"
    )
    assert revert.merge_commit is None


@pytest.mark.parametrize("name", ["rename-title", "drop-legacy-column"])
def test_what_is_stopped_at_the_gates_changes_nothing(theatre: Theatre, name: str) -> None:
    row = theatre.last(name)
    subjects = theatre.git("log", "--format=%s", "main")

    assert row.plan_hash is None
    assert theatre.events(row, "move") == []
    assert theatre.task(name).title not in subjects


def test_the_conflict_is_named_and_waits_for_who_can_make_it_fit(theatre: Theatre) -> None:
    assert "conflicts with main in shop/page.py" in theatre.last("rename-title").reason
    assert (
        theatre.store.tasks.ready(Queue.CONFLICT_RESOLUTION, "Open")[0].id == theatre.task("rename-title").id
    )


def test_the_dangerous_migration_is_refused_with_its_reason(theatre: Theatre) -> None:
    task = theatre.task("drop-legacy-column")
    (blocked,) = [
        comment.text
        for comment in theatre.store.tasks.comments.of(task.id)
        if "stands in the way" in comment.text
    ]

    assert "DROP COLUMN" in blocked
    assert "DELETE" in blocked
    with closing(sqlite3.connect(theatre.folder / "data" / "production.db")) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(products)")]
        assert "legacy_code" in columns
        assert database.execute("SELECT count(*) FROM orders").fetchone()[0] > 100


def test_nothing_is_said_twice(theatre: Theatre) -> None:
    assert repeated(theatre) == []


def test_each_happening_is_one_plain_line(played: Played) -> None:
    story = [line for line in played.out.splitlines() if re.match(r" *\d+:\d\d  ", line)]

    assert "\x1b" not in played.out
    assert [line for line in story if not LINE.match(line)] == []
    assert len(story) == len({*story})
    assert sum("gates pass" in line for line in story) == 8
    assert "stage" not in {line.split()[3].rstrip(":") for line in story}
    assert played.err == ""


def test_the_end_of_each_change_is_explained(played: Played) -> None:
    told = " ".join(played.out.partition("How it ended")[2].split())

    assert told.count("✓") == 5
    for said in (
        "deployed in production",
        "10 % → 25 % → 50 % → 100 %",
        "rolled back in production",
        "KeyError",
        "conflict before staging",
        "blocked before staging",
        "DROP COLUMN",
        "production refuses",
        "Revert",
        "requests were served",
        "nothing runs any more",
    ):
        assert said in told


def test_nothing_runs_any_more(theatre: Theatre) -> None:
    assert theatre.leftovers() == []


def test_a_second_run_tells_the_end_at_once_and_changes_nothing(theatre: Theatre) -> None:
    before = _traces(theatre)
    began = time.monotonic()

    run = theatre.demo("--json")

    assert time.monotonic() - began < QUICK
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert [one["outcome"] for one in told["changes"]] == [rows[-1][1] for rows in STEPS.values()]
    assert (told["served"], told["failed"]) == (counts(theatre).served, counts(theatre).failed)
    assert told["fix_tasks"] == [one.id for one in theatre.fixes()]
    assert _traces(theatre) == before
    assert theatre.leftovers() == []


def _traces(theatre: Theatre) -> tuple[object, ...]:
    """All that a run would leave."""
    store = theatre.store
    return (
        store.events.tail(1),
        store.tasks.all(only_open=False),
        store.changes.all(),
        steps(theatre),
        theatre.git("for-each-ref"),
        sorted(path.name for path in (theatre.folder / "workspaces").iterdir()),
    )
