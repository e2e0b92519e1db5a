"""A glance: quick, and never another answer than the whole way gives."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator

import pytest

from graphs.state import GRAPH_VERSION
from orchestrate.cli.deploy.status import whole_way
from orchestrate.cli.glance import TABLES, under_way, waits
from orchestrate.cli.scene import Scene
from orchestrate.models.deployment import (
    ForApproval,
    ForChecks,
    ForTime,
    ForTurn,
    Outcome,
    Request,
    Stage,
    Wait,
)
from orchestrate.store import Store
from orchestrate.store.schema import HEAD
from tests.orchestrate.cli.world import Shop


@pytest.fixture
def scene(shop: Shop) -> Scene:
    return Scene(config=shop.settings)


@pytest.fixture
def store(scene: Scene) -> Iterator[Store]:
    with scene.store() as store:
        scene.settings()
        yield store


def accepted(store: Store, **words: str) -> str:
    request = Request(environment="test", requested_by="ada", **words)  # pyright: ignore[reportArgumentType]
    return store.deployments.accept(request, "shop", GRAPH_VERSION).id


def waiting(store: Store, wait: Wait) -> None:
    lease = store.leases.take(accepted(store, version="v1"), "worker", 60)
    assert lease is not None
    store.deployments.entered(lease, Stage.PLAN)
    store.deployments.waits(lease, wait, 9_999_999_999.0)


def test_it_says_what_the_store_says(store: Store, scene: Scene) -> None:
    accepted(store, task="T-1", change="3")
    waiting(store, ForTime(until=9_999_999_999.0, watch="w:1"))
    waiting(store, ForTurn(environment="test", service="shop"))
    done = store.leases.take(accepted(store, kind="rollback"), "worker", 60)
    assert done is not None
    store.deployments.finish(done, Outcome.DEPLOYED, "")

    found = under_way(scene.config)

    assert found is not None and len(found) == 3
    assert found == whole_way(scene)


def test_it_knows_the_stores_tables() -> None:
    assert TABLES == HEAD


def test_settings_that_were_changed_are_read_again(store: Store, scene: Scene, shop: Shop) -> None:
    assert under_way(scene.config) == []

    shop.settings.write_text(shop.settings.read_text() + "\n# changed\n")

    assert under_way(scene.config) is None


def test_it_does_not_trust_tables_of_another_version(store: Store, scene: Scene, shop: Shop) -> None:
    with sqlite3.connect(shop.folder / ".orchestrate" / "orchestrate.db") as other:
        other.execute("UPDATE alembic_version SET version_num = 'newer'")

    assert under_way(scene.config) is None


def test_a_store_elsewhere_is_not_looked_for(shop: Shop, scene: Scene) -> None:
    shop.settings.write_text(shop.settings.read_text() + "store: {url: 'sqlite:///other.db'}\n")
    with scene.store():
        scene.settings()

    assert under_way(scene.config) is None


def test_a_corrupt_store_is_left_to_the_whole_way(store: Store, scene: Scene, shop: Shop) -> None:
    store.close()
    file = shop.folder / ".orchestrate" / "orchestrate.db"
    os.truncate(file, 100)

    assert under_way(scene.config) is None


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (ForApproval(gate="Q7F3K2", until=1.0), "a person (Q7F3K2)"),
        (ForChecks(change="1", until=1.0), "checks of change 1"),
        (ForChecks(change="1", until=1.0, held_by="ada"), "files that ada has reserved"),
    ],
)
def test_what_is_waited_for_is_said_in_words(store: Store, scene: Scene, wait: Wait, words: str) -> None:
    waiting(store, wait)

    found = under_way(scene.config)

    assert found is not None and [waits(one) for one in found] == [words]
