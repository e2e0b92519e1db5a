"""Routing: the traffic of one component, and a record of its shares that outlives the router."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from orchestrate.errors import StartFailed
from orchestrate.models.environment import Component
from orchestrate.models.move import Weights
from tools.provider import shares, without
from tools.providers.fleet.layout import Layout, made
from tools.providers.fleet.private import write_privately
from tools.traffic import Traffic

AGAIN = 0.1  # seconds
SHARES = TypeAdapter(Weights)
Servers = Mapping[str, tuple[str, ...]]


class Routing:
    """What a component's router does and should do; without a public port, only the record."""

    def __init__(self, layout: Layout, component: Component, traffic: Traffic | None) -> None:
        self._record = layout.shares(component.name)
        self._component = component
        self._traffic = traffic

    async def weights(self) -> Weights:
        """The shares in force."""
        return self._recorded() if self._traffic is None else await self._traffic.weights()

    async def intended(self) -> Weights:
        """The shares in force, or, when the router is down, those it should have."""
        return await self.weights() or self._recorded()

    async def open_requests(self, slot: str) -> int:
        return 0 if self._traffic is None else await self._traffic.open_requests(slot)

    async def idle(self, slot: str, seconds: float) -> int:
        """How many requests are still open when none is left, or after `seconds`."""
        end = time.monotonic() + seconds
        while (left := await self.open_requests(slot)) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(AGAIN)
        return left

    async def share(self, servers: Servers, weights: Weights) -> None:
        """Put the table in place, read it back, record it. Raises StartFailed, PortTaken, ProgramMissing."""
        weights = {slot: share for slot, share in weights.items() if share or slot in servers}
        if self._traffic is not None:
            await self._traffic.route(servers, weights)
            found = await self._traffic.weights()
            if shares(found) != shares(weights):
                raise StartFailed(f"{self._component.name}: the router shows {found}, asked was {weights}")
        self._write(weights)

    def forget(self, slot: str) -> None:
        """Record that the slot should have no share any more."""
        recorded = self._recorded()
        if slot in recorded:
            self._write(without(recorded, slot))

    async def stop(self) -> None:
        if self._traffic is not None:
            await self._traffic.stop()
        self._record.unlink(missing_ok=True)

    def _write(self, weights: Weights) -> None:
        made(self._record.parent)
        write_privately(self._record, SHARES.dump_json(weights).decode())

    def _recorded(self) -> Weights:
        try:
            return SHARES.validate_json(self._record.read_bytes())
        except (OSError, ValidationError):
            return {}
