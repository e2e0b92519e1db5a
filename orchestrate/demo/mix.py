"""The mix: which requests customers send, in an order that a seed decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Mix(StrEnum):
    """Whose traffic it is."""

    PRODUCTION = "production"  # customers of many countries
    STAGING = "staging"  # colleagues, who never say where they are


@dataclass(frozen=True)
class Call:
    """One request to send."""

    method: str
    target: str  # path and query
    body: bytes = b""


COUNTRIES: Sequence[str] = (
    *("DE",) * 6, *("FR",) * 4, *("NL",) * 2, *("GB",) * 2, *("US",) * 2, "AT", "CH", *("JP",) * 2,
)  # fmt: skip
"""Of every twenty customers: 10 % are from Japan, 5 % from Switzerland."""

_PAGES = ("/", "/", "/products", "/products", "/products", "/products", "item", "item", "item", "order")


def calls(mix: Mix, seed: int) -> Iterator[Call]:
    """Requests without end; the shares of countries hold within every twenty."""
    chance = Random(seed)  # noqa: S311 - a repeatable mix, not a secret
    while True:
        countries = list(COUNTRIES)
        chance.shuffle(countries)
        for country in countries:
            query = f"?country={country}" if mix is Mix.PRODUCTION else ""
            yield _call(chance.choice(_PAGES), chance.randint(1, 12), query)


def _call(page: str, product: int, query: str) -> Call:
    if page == "item":
        return Call("GET", f"/products/{product}{query}")
    if page == "order":
        return Call("POST", f"/orders{query}", f'{{"product": {product}, "quantity": 1}}'.encode())
    return Call("GET", f"{page}{query}")
