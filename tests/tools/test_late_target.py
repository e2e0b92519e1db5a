from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import Unreachable, VariableMissing
from tools.late_target import LateTarget
from tools.systems.postgres_target import PostgresTarget
from tools.systems.sqlite_target import SqliteTarget


async def test_the_address_is_asked_for_when_the_database_is_used(tmp_path: Path) -> None:
    asked: list[str] = []

    def made() -> SqliteTarget:
        asked.append("asked")
        return SqliteTarget(f"sqlite:///{tmp_path / 'shop.db'}")

    target = LateTarget(made)
    assert asked == []
    await target.apply("0001.sql", "CREATE TABLE orders (id INTEGER)")
    await target.verify("0001.sql", "CREATE TABLE orders (id INTEGER)")

    assert [one.name for one in await target.applied()] == ["0001.sql"]
    assert await target.value("SELECT count(*) FROM orders") == "0"
    assert (await target.backup(tmp_path / "backups")).tables == 2
    assert len(asked) == 5


async def test_an_address_without_its_secret_makes_the_database_unreachable() -> None:
    def made() -> SqliteTarget:
        raise VariableMissing("orchestrate.yaml", 7, "DATABASE_PASSWORD")

    with pytest.raises(Unreachable, match=r"\$\{DATABASE_PASSWORD\} is not set") as refused:
        await LateTarget(made).applied()

    assert refused.value.cure == "export DATABASE_PASSWORD=…"


async def test_an_address_that_is_none_is_named_without_being_shown() -> None:
    with pytest.raises(Unreachable, match="cannot be read as one") as refused:
        await LateTarget(lambda: PostgresTarget("hunter2")).applied()

    assert "hunter2" not in str(refused.value)
