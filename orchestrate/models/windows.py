"""Windows and freezes: when something may start, and when nothing may."""

from __future__ import annotations

from orchestrate.models.fact import Fact


class Window(Fact):
    """When deployments may start: days (mon…sun) and hours, in one time zone."""

    days: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri")
    start: str = "00:00"
    end: str = "24:00"
    zone: str = "UTC"


class Freeze(Fact):
    """A time when nothing starts. ISO 8601 instants."""

    start: str
    end: str
    reason: str

    @property
    def sentence(self) -> str:
        """`frozen until 2026-12-24T00:00:00+00:00: launch week`."""
        return f"frozen until {self.end}: {self.reason}"


class CalledFreeze(Freeze):
    """A freeze that a person called, beside those of the settings."""

    by: str

    @property
    def sentence(self) -> str:
        return f"frozen by {self.by} until {self.end}: {self.reason}"
