"""The switch: what a person stopped, and why."""

from __future__ import annotations

from orchestrate.models.fact import Fact


class Stop(Fact):
    """Changes and notes are stopped, or everything: undos too. `at` in epoch seconds."""

    by: str
    reason: str
    everything: bool
    at: float

    @property
    def words(self) -> str:
        """Who stopped what, and why."""
        what = "all effects, undos too" if self.everything else "effects"
        return f"{self.by} stopped {what}: {self.reason}"
