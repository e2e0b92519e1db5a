"""Shares: whose turn it is, so that every slot gets exactly its part."""

from __future__ import annotations

from collections.abc import Mapping


class Shares:
    """Smooth weighted round robin: exact over every full cycle, and evenly spread within it."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self.weights = {slot: weight for slot, weight in weights.items() if weight > 0}
        self._total = sum(self.weights.values())
        self._credit = dict.fromkeys(self.weights, 0)

    def turn(self) -> str | None:
        """The slot that answers the next request; None when no slot has a share."""
        if not self._credit:
            return None
        for slot, weight in self.weights.items():
            self._credit[slot] += weight
        chosen = max(self._credit, key=self._credit.__getitem__)
        self._credit[chosen] -= self._total
        return chosen
