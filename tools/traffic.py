"""Traffic: which slots of a component get which share of the requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from orchestrate.models.move import Weights
from orchestrate.models.sample import Counters


class Traffic(Protocol):
    """The router in front of one component."""

    async def route(self, servers: Mapping[str, tuple[str, ...]], weights: Weights) -> None:
        """Make this the whole table: slot → addresses (host:port), and slot → percent of the requests.

        Starts the router on its public port if it is not running. New requests follow at once, open ones
        end where they are. An empty table keeps the port and answers 503. Raises PortTaken, ProgramMissing.
        """
        ...

    async def weights(self) -> Weights:
        """The shares in force, as the router tells them; empty when it is not running."""
        ...

    async def open_requests(self, slot: str) -> int:
        """How many requests the slot is answering right now; 0 when the router is not running."""
        ...

    async def counters(self) -> dict[str, Counters]:
        """Totals of each slot since the router started."""
        ...

    async def stop(self) -> None:
        """End the router and free its port; nothing happens when it is not running."""
        ...


class MemoryTraffic:
    """Remembers the table; a test says what is open and what was counted."""

    def __init__(self) -> None:
        self.servers: dict[str, tuple[str, ...]] = {}
        self.shares: Weights = {}
        self.open: dict[str, int] = {}
        self.counted: dict[str, Counters] = {}
        self.tables: list[dict[str, tuple[str, ...]]] = []
        self.is_running = False

    async def route(self, servers: Mapping[str, tuple[str, ...]], weights: Weights) -> None:
        self.servers, self.shares = dict(servers), dict(weights)
        self.tables.append(dict(servers))
        self.is_running = True

    async def weights(self) -> Weights:
        return dict(self.shares)

    async def open_requests(self, slot: str) -> int:
        return self.open.get(slot, 0)

    async def counters(self) -> dict[str, Counters]:
        return dict(self.counted)

    async def stop(self) -> None:
        self.servers, self.shares, self.is_running = {}, {}, False
