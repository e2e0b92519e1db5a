"""The tables of a database are those that the code speaks of."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from orchestrate.errors import StoreUnusable
from orchestrate.store import Store, schema
from orchestrate.store.tables import metadata


def test_the_migrations_make_the_tables_that_the_code_speaks_of(any_store: Store) -> None:
    with any_store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_the_one_that_is_checked_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))

    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_opening_makes_no_tables_and_says_what_is_missing(any_url: str) -> None:
    with closing(Store.open(any_url)) as store:
        with pytest.raises(StoreUnusable, match="does not have the tables") as refused:
            store.check()
        with pytest.raises(StoreUnusable, match="does not have the tables"):
            store.events.tail(1)

    assert "orchestrate db upgrade" in refused.value.cure


def test_upgrading_twice_keeps_everything(any_store: Store) -> None:
    kept = any_store.events.add("one", None, "note", "hello")

    any_store.upgrade()
    any_store.check()

    assert any_store.events.of("one") == (kept,)


def test_a_database_of_a_newer_version_is_left_alone(any_store: Store) -> None:
    with any_store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    try:
        for ask in (any_store.upgrade, any_store.check):
            with pytest.raises(StoreUnusable) as refused:
                ask()
            assert "newer version" in refused.value.cure
    finally:
        with any_store.engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{schema.HEAD}'")
