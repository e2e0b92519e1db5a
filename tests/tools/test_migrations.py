from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import MigrationFailed
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Database
from orchestrate.models.move import MigrationFile
from tools.memory_forge import MemoryForge
from tools.migrations import MemoryTarget, Migration, fingerprint, migration_text, pending, scripts

COMPONENT = Component(
    name="web", database=Database(url="sqlite:///shop.db", dialect="sqlite", migrations="db/migrations")
)
USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY)"
ORDERS = "CREATE TABLE orders (id INTEGER PRIMARY KEY)"


@pytest.fixture
def forge() -> MemoryForge:
    forge = MemoryForge()
    forge.write(
        "main",
        {
            "db/migrations/002_orders.sql": ORDERS,
            "db/migrations/001_users.sql": USERS,
            "db/migrations/001_users.down.sql": "DROP TABLE users",
            "db/migrations/notes.txt": "DROP TABLE users",
            "db/migrations/old/000.sql": "DROP TABLE users",
        },
        "Begin",
    )
    return forge


async def found(forge: MemoryForge, target: MemoryTarget) -> tuple[Migration, ...]:
    return await pending(forge, await forge.version("main"), COMPONENT, target)


async def test_what_is_pending_comes_in_the_order_of_the_names(forge: MemoryForge) -> None:
    files = await found(forge, MemoryTarget())

    assert [(file.path, file.sha256, file.verdict.verdict) for file in files] == [
        ("db/migrations/001_users.sql", fingerprint(USERS), "ok"),
        ("db/migrations/002_orders.sql", fingerprint(ORDERS), "ok"),
    ]


async def test_what_is_applied_is_not_pending(forge: MemoryForge) -> None:
    target = MemoryTarget()
    await target.apply("001_users.sql", USERS)

    assert [file.path for file in await found(forge, target)] == ["db/migrations/002_orders.sql"]


async def test_an_applied_file_whose_text_changed_blocks(forge: MemoryForge) -> None:
    target = MemoryTarget()
    await target.apply("001_users.sql", f"{USERS};")

    verdict = (await found(forge, target))[0].verdict

    assert (verdict.verdict, verdict.reasons) == ("dangerous", ("its text changed after it was applied",))


async def test_a_file_that_comes_too_late_is_warned_of(forge: MemoryForge) -> None:
    target = MemoryTarget()
    await target.apply("002_orders.sql", ORDERS)

    verdict = (await found(forge, target))[0].verdict

    assert (verdict.verdict, verdict.reasons) == (
        "warn",
        ("it comes before 002_orders.sql, which is applied already",),
    )


async def test_a_dangerous_file_carries_the_linters_reasons(forge: MemoryForge) -> None:
    forge.write("main", {"db/migrations/003_less.sql": "DROP TABLE users"}, "Clean up")

    verdict = (await found(forge, MemoryTarget()))[2].verdict

    assert verdict.verdict == "dangerous"
    assert "DROP TABLE" in verdict.reasons[0]


async def test_a_component_without_a_database_has_none(forge: MemoryForge) -> None:
    version = await forge.version("main")

    assert await pending(forge, version, Component(name="web"), MemoryTarget()) == ()


async def test_the_planned_text_is_what_is_applied(forge: MemoryForge) -> None:
    file = MigrationFile(path="db/migrations/001_users.sql", sha256=fingerprint(USERS))

    assert await migration_text(forge, await forge.version("main"), file) == USERS


@pytest.mark.parametrize(("path", "sql"), [("db/migrations/001_users.sql", "other"), ("db/none.sql", USERS)])
async def test_another_text_than_the_planned_one_is_refused(forge: MemoryForge, path: str, sql: str) -> None:
    with pytest.raises(MigrationFailed, match="not the text that was approved"):
        await migration_text(
            forge, await forge.version("main"), MigrationFile(path=path, sha256=fingerprint(sql))
        )


async def test_what_is_no_text_is_unparsable(forge: MemoryForge) -> None:
    forge.write("main", {"db/migrations/003_huge.sql": "-- x\n" * 300_000}, "Fill")

    file = (await found(forge, MemoryTarget()))[2]

    assert (file.text, file.verdict.verdict) == (None, "unparsable")


async def test_a_folder_that_is_missing_holds_nothing(forge: MemoryForge, tmp_path: Path) -> None:
    version: Version = await forge.version("main")

    assert await scripts(forge, version, "nowhere") == ()
