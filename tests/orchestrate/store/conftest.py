"""Stores whose time passes when a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from orchestrate.store import Store
from tests.orchestrate.store.facts import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed_store(sqlite_store_url: str, clock: Clock) -> Iterator[Store]:
    with closing(Store.open(sqlite_store_url, clock=clock)) as store:
        yield store
