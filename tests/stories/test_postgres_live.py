"""A whole deployment on PostgreSQL: the store with its positions, and the service's own database."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from orchestrate.models.deployment import Outcome, Status
from tests.servers.live import Live, does, environment, live, web
from tests.servers.load import Load
from tests.servers.ports import free_ports
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.postgres

ORDERS = "CREATE TABLE orders (id bigint PRIMARY KEY, legacy text);"
NOTE = "ALTER TABLE orders ADD COLUMN note text; CREATE TABLE notes (id bigint PRIMARY KEY);"
DROP = "ALTER TABLE orders DROP COLUMN legacy;"
PASSWORD = "unguessable"
FIRST = does() | {"migrations/0001_orders.sql": ORDERS}


@asynccontextmanager
async def shop_on_postgres(folder: Path, store: str, shop: str) -> AsyncGenerator[tuple[Live, int]]:
    """The product on the database `store`, and the service on `shop`, whose url holds a secret."""
    (port,) = free_ports(1)
    url = shop.replace("postgres@", "postgres:${DATABASE_PASSWORD}@", 1)
    part = web(
        port,
        instances=1,
        database={"url": url, "dialect": "postgres", "migrations": "migrations"},
        smoke=[
            {
                "kind": "sql",
                "name": "no order is lost",
                "query": "SELECT count(*) FROM orders",
                "unchanged": True,
            }
        ],
    )
    words = environment(
        port,
        strategy="blue-green",
        gates={"checks": ["tests"], "reviews": 1, "backup": True},
        secrets={"DATABASE_PASSWORD": "${SHOP_DATABASE_PASSWORD}"},
        variables={"GREETING": url},
        components=[part],
    )
    async with live(folder, {"production": words}, FIRST, store={"url": store}) as made:
        target = made.place().targets["web"]
        await target.apply("0001_orders.sql", ORDERS)
        ask(shop, "INSERT INTO orders (id, legacy) VALUES (1, 'a'), (2, 'b') RETURNING id")
        yield made, port


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return connection.execute(query.encode()).fetchall()


def columns(url: str) -> set[object]:
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = 'orders'"
    return {row[0] for row in ask(url, query)}


async def test_a_dangerous_migration_is_refused_and_an_additive_one_deployed(
    folder: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DATABASE_PASSWORD", PASSWORD)
    with postgres.database() as store, postgres.database() as url:
        async with shop_on_postgres(folder, store, url) as (shop, port):
            await dangerous_is_refused(shop, url)
            await additive_is_deployed(shop, store, url, port)

            async with httpx.AsyncClient(trust_env=False) as client:
                greeting = (await client.get(f"http://127.0.0.1:{port}/about")).json()["greeting"]
            assert f"postgres:{PASSWORD}@" in greeting
            assert leaks(folder) == []


async def dangerous_is_refused(shop: Live, url: str) -> None:
    before = await shop.pids()
    bad = {"migrations/0002_drop.sql": DROP}

    row = await shop.run(await shop.request(version=shop.version("bad", bad)))

    assert row.outcome is Outcome.BLOCKED
    assert "0002_drop.sql" in row.reason
    assert "0002_drop.sql" in shop.thread(row.request.task)
    assert columns(url) == {"id", "legacy"}
    assert await shop.pids() == before


async def additive_is_deployed(shop: Live, store: str, url: str, port: int) -> None:
    change = await shop.change("good", does(page="Hello you") | {"migrations/0002_note.sql": NOTE})
    row = await shop.run(await shop.request(change=change), answers={})
    assert row.status is Status.WAITING
    mine = f"SELECT count(*) FROM checkpoints WHERE thread_id = '{row.id}'"
    assert ask(store, mine) != [(0,)]

    load = Load(shop.folder / "load", port)
    await load.start()
    try:
        row = await shop.serve(row.id)
    finally:
        seen = await load.end()

    assert row.outcome is Outcome.DEPLOYED, shop.told(row.id)
    assert ask(store, mine) == [(0,)]
    assert [one.failed for one in seen.values()] == [0] * len(seen)
    assert columns(url) == {"id", "legacy", "note"}
    assert len(list(shop.place().environment.root.glob("backups/web/*/*.dump"))) == 1
    assert ask(url, "SELECT count(*) FROM orders") == [(2,)]


def leaks(folder: Path) -> list[Path]:
    """Files that hold the secret."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if PASSWORD.encode() in path.read_bytes()]
