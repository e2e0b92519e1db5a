"""A service of two parts: brought in the declared order, and taken back together."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from orchestrate.models.deployment import Outcome
from tests.servers.live import Live, does, environment, live, web
from tests.servers.load import Load
from tests.servers.ports import free_ports

ORDERS = "CREATE TABLE orders (id INTEGER PRIMARY KEY);"
NOTE = "ALTER TABLE orders ADD COLUMN note TEXT;"


def two_parts(folder: Path, ports: list[int]) -> dict[str, object]:
    """Production with a backend that has a database, and a frontend."""
    database = {"url": f"sqlite:///{folder / 'shop.db'}", "dialect": "sqlite", "migrations": "migrations"}
    backend = web(ports[0], name="backend", path="backend", instances=1, database=database)
    frontend = web(ports[1], name="frontend", path="frontend", instances=1)
    gates = {"checks": ["tests"], "reviews": 1, "backup": True}
    return environment(ports[0], strategy="blue-green", gates=gates, components=[backend, frontend])


def parts(backend: Mapping[str, str], frontend: Mapping[str, str], *migrations: str) -> dict[str, str]:
    """The files of a version of both parts."""
    files = {f"backend/{name}": text for name, text in backend.items()}
    files |= {f"frontend/{name}": text for name, text in frontend.items()}
    return files | {f"migrations/000{number}.sql": text for number, text in enumerate(migrations, 1)}


FIRST = parts(does(), does(), ORDERS)


def moves(shop: Live, deployment: str, kind: str = "move") -> list[str]:
    """Part and first word of each move that was made."""
    said = [one.text.split(": ", 1) for one in shop.events(deployment, kind) if ": " in one.text]
    return [f"{part} {text.split()[0]}" for part, text in said]


def columns(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM pragma_table_info('orders')")]


async def test_the_backend_comes_with_its_migration_before_the_frontend(folder: Path) -> None:
    ports = free_ports(2)
    async with live(folder, {"production": two_parts(folder, ports)}, FIRST) as shop:
        await shop.place().targets["backend"].apply("0001.sql", ORDERS)
        loads = [Load(folder / f"load-{port}", port) for port in ports]
        try:
            for load in loads:
                await load.start()
            new = parts(does(page="Hello you"), does(page="Hello you"), ORDERS, NOTE)
            row = await shop.run(await shop.request(version=shop.version("good", new)))
        finally:
            seen = [await load.end() for load in loads]

        assert row.outcome is Outcome.DEPLOYED, shop.told(row.id)
        assert moves(shop, row.id) == [
            *("backend back", "backend apply", "backend start", "backend traffic"),
            *("frontend start", "frontend traffic"),
            *("backend let", "backend stop", "frontend let", "frontend stop"),
        ]
        assert [one.text.partition("/")[0] for one in shop.events(row.id, "verified")] == [
            "backend",
            "frontend",
        ]
        assert columns(folder / "shop.db") == ["id", "note"]
        assert [count.failed for each in seen for count in each.values()] == [0] * len(seen) * len(seen[0])


async def test_a_frontend_that_fails_takes_the_backend_back_too(folder: Path) -> None:
    ports = free_ports(2)
    async with live(folder, {"production": two_parts(folder, ports)}, FIRST) as shop:
        await shop.place().targets["backend"].apply("0001.sql", ORDERS)
        before = [await shop.pids(part) for part in ("backend", "frontend")]
        new = parts(does(page="Hello you"), does(page="Goodbye"), ORDERS, NOTE)

        row = await shop.run(await shop.request(version=shop.version("bad", new)))

        assert row.outcome is Outcome.ROLLED_BACK, shop.told(row.id)
        assert moves(shop, row.id, "undone") == [
            *("frontend traffic", "frontend stop", "backend traffic", "backend stop"),
        ]
        assert [await shop.pids(part) for part in ("backend", "frontend")] == before
        for part in ("backend", "frontend"):
            assert (await shop.running(component=part)).weights == {"blue": 100}
        assert columns(folder / "shop.db") == ["id", "note"]  # kept, as the plan said
        assert any("backend: apply" in one.text for one in shop.events(row.id, "kept"))
        await shop.assert_told(row.request.task, "the page opens", "frontend")
