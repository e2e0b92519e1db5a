"""The table: which slots have which servers and shares, and which server is next."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from tools.systems.shares import Shares

ATTEMPTS = 3  # servers tried for one request
REST_SECONDS = 1.0  # how long a server that refused is tried last


class TableInvalid(ValueError):
    """The text is not a table."""


class Place(NamedTuple):
    """One server of one slot."""

    slot: str
    address: str


@dataclass(frozen=True)
class Table:
    """Slot → addresses (host:port), and slot → share."""

    servers: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    weights: Mapping[str, int] = field(default_factory=dict[str, int])

    def text(self) -> str:
        return json.dumps({"servers": self.servers, "weights": self.weights})

    @classmethod
    def parse(cls, text: bytes | str) -> Table:
        """Raises TableInvalid."""
        try:
            raw = cast("dict[str, dict[str, object]]", json.loads(text))
            servers = {slot: _addresses(value) for slot, value in raw["servers"].items()}
            weights = {slot: _share(value) for slot, value in raw["weights"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise TableInvalid(f"not a table: {wrong!r}") from wrong
        return cls(servers, weights)

    def shares(self) -> Shares:
        """Turns among the slots that have both a share and a server."""
        return Shares({slot: weight for slot, weight in self.weights.items() if self.servers.get(slot)})


class Balance:
    """Gives each request its server; changing the table never touches requests that are open."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._shares = table.shares()
        self._open: Counter[Place] = Counter()
        self._last: dict[str, int] = {}
        self._resting: dict[str, float] = {}
        self._turns = 0

    def replace(self, table: Table) -> None:
        shares = table.shares()
        if shares.weights != self._shares.weights:
            self._shares = shares
        self.table = table
        known = {address for addresses in table.servers.values() for address in addresses}
        self._last = {address: turn for address, turn in self._last.items() if address in known}
        self._resting = {address: until for address, until in self._resting.items() if address in known}

    def places(self) -> Iterator[Place]:
        """Servers to try for one request: those of the slot whose turn it is, then of other slots.

        The last attempt is kept for another slot, where there is one with a share.
        """
        slot = self._shares.turn()
        if slot is None:
            return
        others = [other for other in self._shares.weights if other != slot]
        tried = 0
        for place in self._ordered([slot])[: ATTEMPTS - 1 if others else ATTEMPTS]:
            tried += 1
            yield place
        yield from self._ordered(others)[: ATTEMPTS - tried]

    @contextmanager
    def opened(self, place: Place) -> Generator[None]:
        """Count a request as open at `place`."""
        self._turns += 1
        self._last[place.address] = self._turns
        self._open[place] += 1
        try:
            yield
        finally:
            self._open[place] -= 1
            if not self._open[place]:
                del self._open[place]

    def rest(self, address: str) -> None:
        """Try `address` last for a while: it refused a connection."""
        self._resting[address] = time.monotonic() + REST_SECONDS

    def open(self) -> dict[str, int]:
        """Open requests per slot, slots that are no longer in the table included."""
        totals = dict.fromkeys(self.table.servers, 0)
        for place, count in self._open.items():
            totals[place.slot] = totals.get(place.slot, 0) + count
        return totals

    def is_busy(self) -> bool:
        """Whether any request is open."""
        return bool(self._open)

    def _ordered(self, slots: list[str]) -> list[Place]:
        places = [Place(slot, address) for slot in slots for address in self.table.servers[slot]]
        return sorted(places, key=self._urgency) if len(places) > 1 else places

    def _urgency(self, place: Place) -> tuple[bool, int, int]:
        resting = self._resting.get(place.address, 0.0) > time.monotonic()
        return resting, self._open[place], self._last.get(place.address, 0)


def _addresses(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("servers are lists")
    addresses = tuple(str(one) for one in cast("list[object]", value))
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError(f"{address!r} is not host:port")
    return addresses


def _share(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is not a share")
    return value
