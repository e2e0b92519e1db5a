"""Announce: tell everybody who follows a deployment."""

from __future__ import annotations

from typing import Protocol


class Announcer(Protocol):
    """A place where announcements appear."""

    async def announce(self, marker: str, title: str, text: str) -> None:
        """Say it once: the same marker is never announced twice."""
        ...
