"""Migrations and backups in real deployments: what fails changes nothing else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from orchestrate.models.deployment import Outcome
from tests.servers.live import Live, does, environment, live, web
from tests.servers.ports import free_ports

ORDERS = "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT); CREATE INDEX who ON orders (customer);"
NOTE = "ALTER TABLE orders ADD COLUMN note TEXT;"
FIRST = does() | {"migrations/0001_orders.sql": ORDERS}


def with_database(folder: Path) -> dict[str, object]:
    """Production with a database, which is copied before anything changes."""
    (port,) = free_ports(1)
    database = {"url": f"sqlite:///{folder / 'shop.db'}", "dialect": "sqlite", "migrations": "migrations"}
    gates = {"checks": ["tests"], "reviews": 1, "backup": True}
    part = web(port, instances=1, database=database)
    return environment(port, strategy="blue-green", gates=gates, components=[part])


async def filled(shop: Live) -> Path:
    """The database as version one left it, with two orders."""
    await shop.place().targets["web"].apply("0001_orders.sql", ORDERS)
    file = shop.folder / "shop.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO orders (id, customer) VALUES (1, 'Mira'), (2, 'Rob')")
    return file


def contents(file: Path) -> list[str]:
    """Everything in the database."""
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


async def test_a_migration_that_fails_leaves_everything_as_it_was(folder: Path) -> None:
    async with live(folder, {"production": with_database(folder)}, FIRST) as shop:
        file = await filled(shop)
        before, running = contents(file), await shop.pids()
        bad = {"migrations/0002_note.sql": f"{NOTE} INSERT INTO orders (id) VALUES (1);"}

        row = await shop.run(await shop.request(version=shop.version("bad", does(page="Hello") | bad)))

        assert row.outcome is Outcome.ROLLED_BACK, shop.told(row.id)
        await shop.assert_told(row.request.task, "0002_note.sql was not applied", "UNIQUE constraint failed")
        assert contents(file) == before
        assert await shop.pids() == running
        moves = [one.text.split(": ")[1].split()[0] for one in shop.events(row.id, "move")]
        assert moves == ["back", "apply"], moves


async def test_a_backup_that_cannot_be_restored_stops_everything(folder: Path) -> None:
    async with live(folder, {"production": with_database(folder)}, FIRST) as shop:
        file = await filled(shop)
        data = file.read_bytes()
        at = data.rindex(b"Mira")  # in the index, which comes after the table
        file.write_bytes(data[:at] + b"Nora" + data[at + 4 :])
        before, running = contents(file), await shop.pids()
        good = {"migrations/0002_note.sql": NOTE}

        row = await shop.run(await shop.request(version=shop.version("good", does(page="Hello") | good)))

        assert row.outcome is Outcome.FAILED_BEFORE_CHANGE, shop.told(row.id)
        await shop.assert_told(row.request.task, "the restored copy is damaged", "missing from index who")
        assert contents(file) == before
        assert await shop.pids() == running
        assert list(shop.place().environment.root.glob("backups/*/*/*.sqlite*")) == []
