"""The record of a deployment is kept as two files: one for people, one for programs."""

from __future__ import annotations

import json
from pathlib import Path

from orchestrate.models.deployment import Deployment, Outcome, Stage
from orchestrate.records import Records
from orchestrate.store import Store
from tests.orchestrate.store.facts import accepted


def told(store: Store) -> Deployment:
    """A deployment whose story has a gate, a failure, its cause and the way back."""
    row = accepted(store, task="T-7")
    store.events.add(row.id, Stage.GATES, "gate", "2 reviews", {"gate": "reviews", "finding": "fail"})
    store.events.add(row.id, Stage.GATES, "gate", "3 reviews", {"gate": "reviews", "finding": "pass"})
    store.events.add(row.id, Stage.WATCH, "failed", "5 % errors <!channel>", {"failure": "deployment_failed"})
    store.events.add(row.id, Stage.VERIFY_ROLLBACK, "rollback_verified", "1.9 serves")
    store.events.add(row.id, Stage.FIX_TASKS, "cause", "KeyError (3 ×)", {"task": "T-9"})
    return row


def test_people_read_what_failed_why_and_what_now(store: Store, tmp_path: Path) -> None:
    row = told(store)

    Records(store, tmp_path / "reports").write(row, Outcome.ROLLED_BACK, "errors")

    page = (tmp_path / "reports" / f"{row.id}.md").read_text()
    assert page.startswith("# Rolled back: production\n")
    assert "### Failed step\nwatch\n" in page and "### Error\n5 % errors" in page
    assert "### Rollback\n- 1.9 serves\n" in page and "### Root cause\n- KeyError (3 ×)\n" in page
    assert "fix task `T-9` was created" in page
    assert "<!channel>" not in page


def test_programs_read_the_newest_gates(store: Store, tmp_path: Path) -> None:
    row = told(store)

    file = Records(store, tmp_path).write(row, Outcome.ROLLED_BACK, "errors")

    record = json.loads(file.read_text())
    assert (record["task_id"], record["success"], record["outcome"]) == ("T-7", False, "rolled_back")
    assert record["gates"]["reviews"]["finding"] == "pass"


def test_a_record_is_replaced_whole(store: Store, tmp_path: Path) -> None:
    row, records = told(store), Records(store, tmp_path / "kept")

    records.write(row, Outcome.PARKED, "stuck")
    file = records.write(row, Outcome.ROLLED_BACK, "errors")

    assert json.loads(file.read_text())["outcome"] == "rolled_back"
    assert sorted(one.suffix for one in file.parent.iterdir()) == [".json", ".md"]
