"""What the shop answers to whom."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from dataclasses import asdict, dataclass

from .catalogue import Catalogue, Product
from .log import say, trace
from .metrics import Metrics
from .page import page
from .prices import delivery, price
from .server import Answer, Request

LONGEST_REPORT = 10.0  # seconds
MOST_AT_ONCE = 100  # pieces of a product in one order


@dataclass(frozen=True)
class Identity:
    """Which running copy of the shop this is."""

    version: str
    slot: str
    instance: str


class Shop:
    """Answers customers, whose requests are counted and logged, and operators, whose are not."""

    def __init__(self, catalogue: Catalogue, metrics: Metrics, identity: Identity) -> None:
        self._catalogue = catalogue
        self._metrics = metrics
        self._identity = identity

    async def answer(self, request: Request) -> Answer:
        """The answer to `request`; an exception in the shop becomes a 500 with its trace in the log."""
        operator = self._for_operators(request.path)
        if operator is not None:
            return operator
        began = time.perf_counter()
        answer, error = await self._safely(request)
        seconds = time.perf_counter() - began
        self._metrics.count(answer.status, seconds)
        self._log(request, answer, seconds, error)
        return answer

    def _for_operators(self, path: str) -> Answer | None:
        if path == "/health":
            return _json(200, {"status": "healthy", "version": self._identity.version})
        if path == "/ready":
            return self._ready()
        if path == "/healthz":
            return Answer(200, b"ok\n", "text/plain")
        if path == "/version":
            return _json(200, asdict(self._identity))
        if path == "/metrics":
            return Answer(200, self._metrics.text().encode(), "text/plain; version=0.0.4")
        return None

    def _ready(self) -> Answer:
        try:
            self._catalogue.products()
        except sqlite3.Error as error:
            return _json(503, {"ready": False, "because": str(error)})
        return _json(200, {"ready": True})

    async def _safely(self, request: Request) -> tuple[Answer, Exception | None]:
        try:
            return await self._for_customers(request), None
        except sqlite3.Error as error:
            self._metrics.database_errors += 1
            trace(error)
            return _json(503, {"error": "the database does not answer"}), error
        except Exception as error:  # noqa: BLE001 - one customer's request may not end the shop
            trace(error)
            return _json(500, {"error": "something went wrong"}), error

    def _log(self, request: Request, answer: Answer, seconds: float, error: Exception | None) -> None:
        facts = {"method": request.method, "path": request.path, "status": answer.status}
        because = {"error": type(error).__name__} if error else {}
        level = "error" if error else "info"
        say(level, "request", **facts, ms=f"{seconds * 1000:.1f}", country=request.country or "-", **because)

    async def _for_customers(self, request: Request) -> Answer:
        first, _, rest = request.path.lstrip("/").partition("/")
        if request.method == "POST":
            return await self._order(request) if request.path == "/orders" else _missing()
        if not first:
            return self._page(request)
        if first == "products":
            return self._product(request, rest) if rest else self._products(request)
        if request.path == "/report":
            return await self._report(request)
        return _missing()

    def _page(self, request: Request) -> Answer:
        html = page(self._offers(request.country), self._identity.version)
        return Answer(200, html.encode(), "text/html; charset=utf-8")

    def _products(self, request: Request) -> Answer:
        return _json(200, {"products": self._offers(request.country)})

    def _product(self, request: Request, id: str) -> Answer:
        product = self._catalogue.product(int(id)) if id.isdecimal() else None
        return _json(200, _offer(product, request.country)) if product else _missing()

    async def _order(self, request: Request) -> Answer:
        try:
            wanted = json.loads(request.body)
            product = self._catalogue.product(int(wanted["product"]))
            quantity = int(wanted.get("quantity", 1))
        except (ValueError, TypeError, KeyError, AttributeError):
            return _json(400, {"error": 'send {"product": 1, "quantity": 1}'})
        if product is None or not 0 < quantity <= MOST_AT_ONCE:
            return _missing()
        offer = _offer(product, request.country)
        order = await self._written(product, quantity, request.country)
        return _json(201, {"order": order, "quantity": quantity, "product": offer})

    async def _written(self, product: Product, quantity: int, country: str) -> int:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._catalogue.pen, self._catalogue.order, product, quantity, country
        )

    async def _report(self, request: Request) -> Answer:
        try:
            seconds = float(request.query.get("seconds", "1"))
        except ValueError:
            return _json(400, {"error": "seconds is a number"})
        await asyncio.sleep(min(seconds, LONGEST_REPORT))
        return _json(200, {"orders": self._catalogue.sold()})

    def _offers(self, country: str) -> list[dict[str, object]]:
        return [_offer(product, country) for product in self._catalogue.products()]


def _offer(product: Product, country: str) -> dict[str, object]:
    return {**asdict(product), "price": price(product.cents), "delivery": delivery(country)}


def _json(status: int, value: object) -> Answer:
    return Answer(status, json.dumps(value).encode() + b"\n")


def _missing() -> Answer:
    return _json(404, {"error": "there is nothing here"})
