"""A ClickUp on loopback, and our tracker on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrate.store import Store
from tests.servers.clickup import ClickUp, clickup
from tests.servers.clickup_tracker import PeopledClickUp
from tests.servers.clickup_tracker import tracker as tracker_on


@pytest.fixture
def server() -> Iterator[ClickUp]:
    with clickup() as running:
        yield running


@pytest.fixture
def tracker(server: ClickUp, store: Store) -> PeopledClickUp:
    return tracker_on(server, store)
