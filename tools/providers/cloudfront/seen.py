"""Seen: what the slots of a site are, and which of them its distribution shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrate.models.move import Weights
from tools.providers.cloudfront.bucket import Manifest
from tools.providers.cloudfront.distribution import Shown
from tools.providers.cloudfront.switches import Switch
from tools.providers.fleet.slots import Wanted

NEARLY = 99  # percent of what is not shown everywhere yet; nobody knows how many still see the other


@dataclass(frozen=True)
class Seen:
    """What the slots should be, what there is of them, and what the distribution shows."""

    shown: Shown
    switch: Switch | None
    wanted: Mapping[str, Wanted]
    places: Mapping[str, str]
    manifests: Mapping[str, Manifest | None]

    @property
    def live(self) -> str:
        """The slot that is shown, or the path that is none of ours."""
        found = (slot for slot, place in self.places.items() if place == self.shown.path)
        return next(found, f"/{self.shown.path}")

    @property
    def weights(self) -> Weights:
        """All to what is shown; less while edges may still answer with what was shown before."""
        if not self.wanted:
            return {}
        if self.switch is None:
            return {self.live: 100}
        was = next((slot for slot, place in self.places.items() if place == self.switch.was), "")
        return {self.live: NEARLY, **({was: 100 - NEARLY} if was not in ("", self.live) else {})}
