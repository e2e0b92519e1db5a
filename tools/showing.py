"""Showing: where a deployment stands, at the place where its change is discussed."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from orchestrate.models.fact import Fact
from tools.executor import EffectClass, Write


class Standing(StrEnum):
    """How far a deployment is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    TAKEN_BACK = "taken_back"


class Shown(Fact):
    """What everybody may see of a deployment: what goes where, and how far it is."""

    deployment: str
    environment: str
    is_production: bool = False
    commit: str  # full SHA that people know: the head of the change, or the version
    change: str = ""  # its id, where one is shipped
    standing: Standing
    text: str = ""
    url: str = ""  # of the environment


class Showcase(Protocol):
    """Where deployments are shown."""

    async def standing(self, shown: Shown) -> Standing | None:
        """How far the deployment of `shown` is said to be, or None."""
        ...

    async def show(self, shown: Shown) -> None:
        """Say how far it is; what was said before it stays in the history."""
        ...


def showing(showcase: Showcase) -> Write[Shown, Shown]:
    """The tool that shows a deployment."""

    async def observe(shown: Shown) -> Shown | None:
        return shown if await showcase.standing(shown) is shown.standing else None

    async def act(shown: Shown) -> Shown:
        await showcase.show(shown)
        return shown

    return Write(
        name="show",
        effect=EffectClass.NOTE,
        result=Shown,
        key=lambda shown: f"{shown.environment}/{shown.standing}",
        observe=observe,
        act=act,
    )


class MemoryShowcase:
    """The twin of a showcase: remembers what was shown."""

    def __init__(self) -> None:
        self.shown: list[Shown] = []

    async def standing(self, shown: Shown) -> Standing | None:
        said = [one for one in self.shown if one.deployment == shown.deployment]
        return said[-1].standing if said else None

    async def show(self, shown: Shown) -> None:
        self.shown.append(shown)
