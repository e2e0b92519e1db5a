"""Products and orders in SQLite. The schema is made by migrations, never here."""

from __future__ import annotations

import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Product:
    """Something that can be bought. The price is in euro cents."""

    id: int
    code: str
    name: str
    cents: int


class Catalogue:
    """Reads products, and keeps orders; reads never wait for writes."""

    def __init__(self, database: str) -> None:
        self._path = database.removeprefix("sqlite:///")
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None
        self.pen = ThreadPoolExecutor(max_workers=1)  # every write goes through this one thread

    def products(self) -> list[Product]:
        return [_product(row) for row in self._read("SELECT * FROM products ORDER BY id")]

    def product(self, id: int) -> Product | None:
        rows = self._read("SELECT * FROM products WHERE id = ?", id) if id < 2**63 else []
        return _product(rows[0]) if rows else None

    def sold(self) -> int:
        """How many orders there are."""
        return int(self._read("SELECT count(*) FROM orders")[0][0])

    def order(self, product: Product, quantity: int, country: str) -> int:
        """Keep an order and give its number; runs in the thread of `pen`."""
        cursor = self._write(
            "INSERT INTO orders (product_id, quantity, country, placed_at) VALUES (?, ?, ?, datetime('now'))",
            product.id, quantity, country,
        )  # fmt: skip
        return int(cursor.lastrowid or 0)

    def close(self) -> None:
        self.pen.shutdown()
        for connection in (self._reader, self._writer):
            if connection:
                connection.close()

    def _read(self, query: str, *values: int | str) -> list[sqlite3.Row]:
        self._reader = self._reader or _connection(self._path)
        return self._reader.execute(query, values).fetchall()

    def _write(self, statement: str, *values: int | str) -> sqlite3.Cursor:
        self._writer = self._writer or _connection(self._path)
        return self._writer.execute(statement, values)


def _product(row: sqlite3.Row) -> Product:
    return Product(
        id=row["id"],
        code=row["legacy_code"],
        name=row["name"],
        cents=row["cents"],
    )


def _connection(path: str) -> sqlite3.Connection:
    """Open a database that exists; making one is the deployment's business."""
    connection = sqlite3.connect(
        f"file:{quote(path)}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=0,  # a cached SELECT * may show the columns from before a migration
    )
    connection.row_factory = sqlite3.Row
    with contextlib.suppress(sqlite3.OperationalError):  # another instance is just doing the same
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection
