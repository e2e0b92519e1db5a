"""A database that cannot be used is a message with a cause and a cure."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from orchestrate.errors import StoreUnusable
from orchestrate.store import Store, soundness
from tests.servers.postgres import Postgres

NOBODY = 65534


def file_of(store: Store) -> Path:
    return Path(store.engine.url.database or "")


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    with closing(Store.open(f"sqlite:///{tmp_path}/deep/store.db")) as store:
        store.upgrade()
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "deep").iterdir()}

    assert modes == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}
    assert stat.S_IMODE((tmp_path / "deep").stat().st_mode) == 0o700


def test_every_commit_is_on_the_disk(store: Store) -> None:
    with store.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def test_a_sound_store_passes(any_store: Store) -> None:
    any_store.check()

    assert any_store.events.tail(1) == ()


def test_a_locked_database_says_so(sqlite_store_url: str) -> None:
    with (
        closing(Store.open(f"{sqlite_store_url}?timeout=0.1")) as store,
        closing(sqlite3.connect(file_of(store))) as other,
    ):
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnusable, match="locked by another program") as refused:
            store.events.add("one", None, "note", "text")

    assert "lsof" in refused.value.cure


def test_a_read_only_database_says_so() -> None:
    with tempfile.TemporaryDirectory() as name, closing(Store.open(f"sqlite:///{name}/store.db")) as store:
        store.upgrade()
        Path(name).chmod(0o755)
        for file in Path(name).iterdir():
            file.chmod(0o444)
        store.engine.dispose()
        with unprivileged(), pytest.raises(StoreUnusable, match=r"read-only|cannot be opened") as refused:
            store.events.add("one", None, "note", "text")
        Path(name).chmod(0o700)

    assert "writ" in refused.value.cure


@contextmanager
def unprivileged() -> Generator[None]:
    """Root may write everywhere; nobody may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_corrupt_database_says_so(store: Store) -> None:
    for number in range(200):
        store.events.add("one", None, "note", f"text {number} " * 50)
    store.close()
    _scribble(file_of(store))

    with pytest.raises(StoreUnusable, match="corrupt") as refused:
        store.check()

    assert ".recover" in refused.value.cure


def _scribble(file: Path) -> None:
    """Destroy pages in the middle."""
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2)
        opened.write(b"\xff" * 40_000)


def test_what_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("this is a shopping list, and no database\n" * 100)

    with (
        closing(Store.open(f"sqlite:///{tmp_path}/store.db")) as store,
        pytest.raises(StoreUnusable, match="not a database"),
    ):
        store.check()


def test_a_full_disk_says_so_and_nothing_is_half_written(sqlite_store_url: str) -> None:
    with closing(Store.open(sqlite_store_url)) as store:
        event.listen(store.engine, "connect", _limit_pages)
        kept = store.events.add("one", None, "note", "small")

        with pytest.raises(StoreUnusable, match="cannot grow") as refused:
            store.logs.add("one", "build", "x" * 2_000_000)
        with pytest.raises(StoreUnusable, match="cannot grow"):
            store.check()

        assert store.events.of("one") == (kept,)
        assert store.logs.read("one") == ()
    assert "free some space" in refused.value.cure


def _limit_pages(connection: sqlite3.Connection, _: object) -> None:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 5}")


def test_a_nearly_full_disk_is_noticed_before_it_is_full(store: Store) -> None:
    with pytest.raises(StoreUnusable, match="cannot grow"):
        soundness.check(store._database, needed_bytes=1 << 62)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "not a url"])
def test_an_address_that_keeps_nothing_is_refused(url: str) -> None:
    with pytest.raises(StoreUnusable) as refused:
        Store.open(url)

    assert "sqlite:////" in refused.value.cure


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreUnusable, match="cannot be opened"):
        Store.open(f"sqlite:///{tmp_path}/file/store.db")


def test_a_server_that_does_not_answer_says_so_without_the_password() -> None:
    with (
        closing(Store.open("postgresql://ada:secret@127.0.0.1:1/store")) as store,
        pytest.raises(StoreUnusable, match="does not answer") as refused,
    ):
        store.check()

    assert "secret" not in str(refused.value)


@pytest.mark.postgres
def test_a_missing_database_on_the_server_says_so(postgres: Postgres) -> None:
    with closing(Store.open(postgres.url("nothing"))) as store, pytest.raises(StoreUnusable) as refused:
        store.check()

    assert "database" in refused.value.cure


@pytest.mark.postgres
def test_a_read_only_server_says_so(postgres_store_url: str) -> None:
    url = f"{postgres_store_url}?options=-c%20default_transaction_read_only%3Don"
    with closing(Store.open(url)) as store, pytest.raises(StoreUnusable, match="read-only"):
        store.check()
