"""The shop answers customers and operators."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
import unittest
from pathlib import Path

from ..catalogue import Catalogue
from ..metrics import Metrics
from ..prices import delivery, price
from ..routes import Identity, Shop
from ..server import Answer, Request

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


class ShopTest(unittest.TestCase):
    """A shop on a database of its own, with every migration applied."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        database = str(Path(folder.name) / "shop.db")
        with sqlite3.connect(database) as connection:
            for file in sorted(MIGRATIONS.glob("*.sql")):
                connection.executescript(file.read_text())
        connection.close()
        catalogue = Catalogue(database)
        self.addCleanup(catalogue.close)
        self.shop = Shop(catalogue, Metrics("green"), Identity("1.0", "green", "1"))

    def ask(self, method: str, path: str, country: str = "", body: bytes = b"") -> Answer:
        return asyncio.run(self.shop.answer(Request(method, path, {"country": country}, body, True)))

    def test_a_product_has_a_price_and_a_delivery_time(self) -> None:
        offer = json.loads(self.ask("GET", "/products/1", "DE").body)

        self.assertEqual((offer["price"], offer["delivery"]), ("64.90 EUR", "1 days"))

    def test_an_order_gets_a_number(self) -> None:
        answer = self.ask("POST", "/orders", body=b'{"product": 2, "quantity": 3}')

        self.assertEqual((answer.status, json.loads(answer.body)["order"]), (201, 1))

    def test_what_is_not_an_order_is_refused(self) -> None:
        for body in (b"", b"[]", b'{"product": "kettle"}'):
            self.assertEqual(self.ask("POST", "/orders", body=body).status, 400)

    def test_the_page_lists_products(self) -> None:
        self.assertIn(b"Copper kettle", self.ask("GET", "/").body)

    def test_operators_see_that_the_shop_is_well(self) -> None:
        self.assertEqual(json.loads(self.ask("GET", "/health").body), {"status": "healthy", "version": "1.0"})
        self.assertEqual(json.loads(self.ask("GET", "/ready").body), {"ready": True})


class PricesTest(unittest.TestCase):
    """Prices and promises."""

    def test_prices_are_in_euros(self) -> None:
        self.assertEqual(price(790), "7.90 EUR")

    def test_delivery_without_a_country_is_what_we_promise_everywhere(self) -> None:
        self.assertEqual(delivery(""), "10 days")
