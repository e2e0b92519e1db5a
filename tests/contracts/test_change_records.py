"""What the memory of the built-in forge does, on the twin and on the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from orchestrate.errors import UnknownChange
from orchestrate.models.change import Check, CheckState, NewChange, Review, ReviewVerdict
from orchestrate.models.task import Label
from orchestrate.store import Store
from tests.conftest import BACKENDS
from tools.memory_forge import MemoryChanges
from tools.merge import ChangeRecords

HEAD, OLD = "a" * 40, "b" * 40
AT = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture(params=["memory", *BACKENDS])
def records(request: pytest.FixtureRequest) -> Iterator[ChangeRecords]:
    if request.param == "memory":
        yield MemoryChanges()
        return
    with closing(Store.open(request.getfixturevalue(f"{request.param}_store_url"))) as store:
        yield store.changes


def new(marker: str = "", title: str = "Say hello") -> NewChange:
    return NewChange(title=title, author="ada", branch="feature", base="main", marker=marker)


def test_a_record_read_back_is_the_one_added(records: ChangeRecords) -> None:
    first, second = records.add(new()), records.add(new())

    assert records.record(first.id) == first
    assert records.all() == (first, second)
    assert first.id != second.id


def test_a_known_marker_gives_its_record(records: ChangeRecords) -> None:
    first = records.add(new("revert/1"))

    assert records.add(new("revert/1", "another title")) == first
    assert records.add(new("revert/2")) != first


def test_the_newest_verdict_of_a_person_stands(records: ChangeRecords) -> None:
    id = records.add(new()).id
    asked = Review(by="bob", verdict=ReviewVerdict.CHANGES_REQUESTED, sha=OLD, at=AT)
    other = asked.model_copy(update={"by": "eve"})
    approved = Review(by="bob", verdict=ReviewVerdict.APPROVED, sha=HEAD, at=AT)

    for review in (asked, other, approved):
        records.review(id, review)

    assert records.record(id).reviews == (other, approved)


def test_the_newest_result_of_a_check_stands_for_its_commit(records: ChangeRecords) -> None:
    id = records.add(new()).id
    pending = Check(name="ci", state=CheckState.PENDING, sha=HEAD)
    passed = pending.model_copy(update={"state": CheckState.PASSED})
    elsewhere = Check(name="ci", state=CheckState.FAILED, sha=OLD)

    for check in (pending, elsewhere, passed):
        records.check(id, check)

    assert records.record(id).checks == (elsewhere, passed)


def test_a_label_stands_once_per_person(records: ChangeRecords) -> None:
    id = records.add(new()).id
    labels = [Label(name="qa", by="bob"), Label(name="qa", by="eve"), Label(name="qa", by="bob", sha=HEAD)]

    for label in labels:
        records.label(id, label)

    assert records.record(id).labels == tuple(labels[1:])


def test_the_merge_is_remembered(records: ChangeRecords) -> None:
    id = records.add(new()).id

    records.merged(id, HEAD)

    assert records.record(id).merge_commit == HEAD


@pytest.mark.parametrize("id", ["17", "x", "", "99999999999999999999"])
def test_an_unknown_change_is_named_as_such(records: ChangeRecords, id: str) -> None:
    with pytest.raises(UnknownChange):
        records.record(id)
    with pytest.raises(UnknownChange):
        records.merged(id, HEAD)
