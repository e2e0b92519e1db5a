"""SQLite on its own driver: a statement that is met again answers as it did through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import Integer, bindparam, exc, insert, select, text, update

from orchestrate.models.deployment import Request
from orchestrate.store import Store
from orchestrate.store.database import Database, opened
from orchestrate.store.tables import questions, tasks

ROW: dict[str, str | float | bool | None] = {
    "deployment": "D1",
    "gate_kind": "approval",
    "plan_hash": "ab",
    "opened_at": 1.5,
    "expires": 2.5,
    "remind_at": None,
    "reminded": False,
    "approvals": "[]",
    "unanswered": True,
}

TASK: dict[str, str | int | float] = {
    "title": "t",
    "description": "",
    "queue": "deploy",
    "status": "Open",
    "priority": 2,
    "labels": "[]",
    "metadata": "{}",
    "created_by": "ada",
    "created_at": 1.0,
}


@pytest.fixture
def database(sqlite_store_url: str) -> Iterator[Database]:
    with closing(opened(sqlite_store_url)) as made:
        yield made


@pytest.fixture
def asked(database: Database) -> Database:
    """One question in the table, and another by the second run of the same statement."""
    adding = insert(questions)
    for id in ("Q1", "Q2"):
        with database.writing() as connection:
            connection.execute(adding, {**ROW, "id": id, "plan_hash": id})
    return database


def test_every_run_of_a_statement_gives_the_same_rows(asked: Database) -> None:
    found = select(questions).where(questions.c.unanswered.is_(True)).order_by(questions.c.id)

    with asked.reading() as connection:
        runs = [connection.execute(found).mappings().all() for _ in range(3)]

    assert runs[0] == runs[1] == runs[2]
    assert [(row["id"], row["unanswered"], row["opened_at"]) for row in runs[2]] == [
        ("Q1", True, 1.5),
        ("Q2", True, 1.5),
    ]
    assert runs[2][0]["reminded"] is False


def test_every_run_counts_what_it_changed(asked: Database) -> None:
    change = update(questions).where(questions.c.id == bindparam("which")).values(reminded=True)

    with asked.writing() as connection:
        counts = [connection.execute(change, {"which": id}).rowcount for id in ("Q1", "Q2", "Q3")]

    assert counts == [1, 1, 0]


def test_a_refused_row_is_refused_alike_each_time(asked: Database) -> None:
    adding = insert(questions)

    for _ in range(3):
        with pytest.raises(exc.IntegrityError), asked.writing() as connection:
            connection.execute(adding, {**ROW, "id": "Q1"})


def test_rows_by_the_list_are_all_there(asked: Database) -> None:
    adding = insert(questions)

    for batch in ("a", "b", "c"):
        rows = [{**ROW, "id": f"{batch}{number}", "plan_hash": f"{batch}{number}"} for number in range(2)]
        with asked.writing() as connection:
            connection.execute(adding, rows)

    with asked.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM questions")).scalar() == 8


def test_a_list_of_values_may_be_of_any_length(database: Database) -> None:
    wanted = bindparam("wanted", type_=Integer, expanding=True)
    among = select(tasks.c.number).where(tasks.c.number.in_(wanted))

    with database.reading() as connection:
        for numbers in ([1], [1, 2], [1, 2, 3]):
            assert connection.execute(among, {"wanted": numbers}).all() == []


def test_what_is_written_together_happens_together(timed_store: Store) -> None:
    request = Request(environment="production", requested_by="ada")

    with pytest.raises(ValueError, match="in between"), timed_store.together():
        timed_store.deployments.accept(request, "shop", 1)
        raise ValueError("in between")

    assert timed_store.deployments.latest() == ()


def test_what_is_written_is_seen_before_its_transaction_ends(timed_store: Store) -> None:
    request = Request(environment="production", requested_by="ada")

    with timed_store.together():
        row = timed_store.deployments.accept(request, "shop", 1)
        assert timed_store.deployments.deployment(row.id) == row

    assert timed_store.deployments.latest() == (row,)


def test_a_failed_transaction_leaves_the_connection_usable(database: Database) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="no"), database.writing() as connection:
            connection.execute(insert(tasks), TASK)
            raise ValueError("no")

    with database.reading() as connection:
        assert connection.execute(select(tasks.c.number)).all() == []


def test_disposing_the_engine_ends_the_connection_that_was_kept(database: Database) -> None:
    with database.reading() as connection:
        before = connection

    database.engine.dispose()

    with database.reading() as connection:
        assert connection is not before
        assert before.closed or before.invalidated
