"""Crew: those who start, stop and look at the instances of a provider; everything else a fleet does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Scale, Start
from orchestrate.models.runtime import Instance
from tools.provider import Say


class Member(Protocol):
    """One instance that was started and not stopped."""

    @property
    def id(self) -> str:
        """`<slot>-<number>`, unique in the component."""
        ...

    @property
    def slot(self) -> str: ...

    @property
    def address(self) -> str:
        """Host and port at which the router reaches it."""
        ...

    @property
    def is_kept(self) -> bool:
        """Whether somebody sees to it that it runs."""
        ...


M = TypeVar("M", bound=Member)


class Crew(Protocol[M]):
    """Starts and stops the instances of one environment's components in one kind of place."""

    async def members(self, component: Component, slot: str | None = None) -> list[M]:
        """Those that were started and not stopped, in the order of their numbers."""
        ...

    async def require(self, component: Component, slot: str, version: Version) -> None:
        """Check that the version can be started in the slot; remains of another one are removed.

        Raises UnknownVersion, ProgramMissing, StartFailed.
        """
        ...

    async def complete(self, component: Component, move: Start | Scale, started: list[M], say: Say) -> None:
        """Start what is missing (told in `started` as it happens) and wait until all are well.

        Raises StartFailed, PortTaken, ProgramMissing.
        """
        ...

    async def stop(self, members: Sequence[M]) -> None:
        """End these, all at the same time. Raises OutsideFailed."""
        ...

    async def clear(self, component: Component, slot: str | None = None) -> bool:
        """End whatever is left of a slot, or of all; whether there was anything. Raises OutsideFailed."""
        ...

    async def look(
        self, component: Component, members: Sequence[M], *, is_measured: bool = False
    ) -> list[Instance]:
        """How each does now; `is_measured`: also what it takes of CPU and memory."""
        ...

    async def are_idle(self, members: Sequence[M]) -> bool:
        """Whether nobody is connected to any of them."""
        ...
