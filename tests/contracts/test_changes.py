"""What every keeper of changes remembers, on the twin and in the store."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrate.errors import UnknownChange
from orchestrate.models.change import Check, CheckState, NewChange, Review, ReviewVerdict
from orchestrate.models.task import Label
from orchestrate.store import Store
from tools.memory_forge import MemoryChanges
from tools.merge import ChangeRecords

NEW = NewChange(title="Say hello", author="ada", branch="hello", base="main", draft=True)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", "store"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[ChangeRecords]:
    if request.param == "memory":
        yield MemoryChanges()
        return
    store = Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    store.upgrade()
    yield store.changes
    store.close()


def review(by: str, verdict: ReviewVerdict) -> Review:
    return Review(by=by, verdict=verdict, sha="a" * 40, at=NOON)


def test_a_change_is_kept_as_it_was_opened(records: ChangeRecords) -> None:
    added = records.add(NEW)

    assert records.record(added.id) == added
    assert (added.title, added.author, added.branch, added.draft) == ("Say hello", "ada", "hello", True)


def test_each_change_has_an_id_of_its_own(records: ChangeRecords) -> None:
    added = (records.add(NEW), records.add(NEW))

    assert records.all() == added
    assert added[0].id != added[1].id


def test_the_same_marker_gives_the_same_change(records: ChangeRecords) -> None:
    marked = NEW.model_copy(update={"marker": "revert:1"})

    assert records.add(marked) == records.add(marked)
    assert len(records.all()) == 1


@pytest.mark.parametrize("id", ["none", "", "0", "99", "1; DROP TABLE changes"])
def test_an_unknown_id_is_an_error(records: ChangeRecords, id: str) -> None:
    with pytest.raises(UnknownChange):
        records.record(id)
    with pytest.raises(UnknownChange):
        records.merged(id, "a" * 40)


def test_a_persons_newest_verdict_stands(records: ChangeRecords) -> None:
    id = records.add(NEW).id
    records.review(id, review("ada", ReviewVerdict.CHANGES_REQUESTED))
    records.review(id, review("bob", ReviewVerdict.APPROVED))
    records.review(id, review("ada", ReviewVerdict.APPROVED))

    assert [(one.by, one.verdict) for one in records.record(id).reviews] == [
        ("bob", ReviewVerdict.APPROVED),
        ("ada", ReviewVerdict.APPROVED),
    ]


def test_the_newest_result_of_a_check_on_a_commit_stands(records: ChangeRecords) -> None:
    id = records.add(NEW).id
    for name, sha, state in (("ci", "a", "pending"), ("ci", "b", "failed"), ("ci", "a", "passed")):
        records.check(id, Check(name=name, state=CheckState(state), sha=sha * 40))

    assert {(one.sha[0], one.state) for one in records.record(id).checks} == {
        ("b", "failed"),
        ("a", "passed"),
    }


def test_a_label_of_a_person_stands_once(records: ChangeRecords) -> None:
    id = records.add(NEW).id
    for by in ("ada", "bob", "ada"):
        records.label(id, Label(name="qa", by=by))

    assert {one.by for one in records.record(id).labels} == {"ada", "bob"}
    assert len(records.record(id).labels) == 2


def test_the_merge_is_remembered(records: ChangeRecords) -> None:
    id = records.add(NEW).id

    records.merged(id, "c" * 40)

    assert records.record(id).merge_commit == "c" * 40
