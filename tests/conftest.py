"""What tests of every part share: stores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestrate.store import Store
from tests.servers import postgres as postgres_server
from tests.servers.postgres import Postgres

BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for the whole run."""
    with postgres_server.running() as server:
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with postgres.database() as url:
        yield url


@pytest.fixture(params=BACKENDS)
def any_url(request: pytest.FixtureRequest) -> str:
    """An empty database: once on SQLite, once on PostgreSQL."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    """An empty store on SQLite."""
    with closing(upgraded(sqlite_url)) as store:
        yield store


@pytest.fixture
def any_store(any_url: str) -> Iterator[Store]:
    """An empty store: once on SQLite, once on PostgreSQL."""
    with closing(upgraded(any_url)) as store:
        yield store


def upgraded(url: str) -> Store:
    """The store at `url` with this version's tables."""
    store = Store.open(url)
    store.upgrade()
    return store
