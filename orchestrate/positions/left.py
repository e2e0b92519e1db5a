"""What was left: where this worker left the deployments that wait, so that it need not read it again."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from langgraph.types import Interrupt

from graphs.state import State
from orchestrate.models.deployment import Lease

MOST_LEFT = 64
"""Positions that a worker remembers: those it comes back to soon; all of them are in the saver."""


@dataclass(frozen=True)
class Position:
    """Where a graph stands: what it knows, which stages come next, and what it waits for."""

    values: State
    next: tuple[str, ...] = ()
    interrupts: tuple[Interrupt, ...] = ()


class Left:
    """The newest positions, each under the lease that it was left under."""

    def __init__(self) -> None:
        self._positions: OrderedDict[str, tuple[int, Position]] = OrderedDict()

    def at(self, lease: Lease, position: Position) -> None:
        """Remember where it waits; nobody comes back to an end."""
        if position.interrupts:
            self._positions[lease.deployment] = (lease.token, position)
            if len(self._positions) > MOST_LEFT:
                self._positions.popitem(last=False)

    def by(self, lease: Lease) -> Position | None:
        """Where it was left, unless somebody else has held a lease on it since then."""
        token, position = self._positions.pop(lease.deployment, (0, None))
        return position if token == lease.token - 1 else None
