"""Cloud: a place that brings back by itself what should run, whoever asked for it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from orchestrate.errors import EffectRefused
from orchestrate.models.environment import Component, Environment
from orchestrate.models.move import Drain, Move, Scale, SetTraffic, Start, Stop, words
from orchestrate.models.runtime import Resources
from tools.provider import Say


class Cloud(ABC):
    """What is the same on every such place: which move is which request, and what nobody tells."""

    _environment: Environment

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        """Do a move. Raises what the place raises, and EffectRefused for what is no move."""
        say(words(move))
        match move:
            case Start() | Scale():
                await self._bring_to(component, move, say)
            case SetTraffic():
                await self._share(component, move, say)
            case Drain():
                return  # whoever has begun to answer ends what it began, and a stop waits for who learns late
            case Stop(slot=name):
                await self._stop(component, name)
            case _:
                raise EffectRefused(words(move), "it is no move of a provider")

    async def tend(self, component: Component) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing: the place does."""
        return ()

    async def resources(self) -> Resources:
        """Nothing is known of how full it is."""
        return Resources()

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing: what was written is shown in the place's own logs."""
        return ()

    async def public(self, component: Component) -> str:
        return self._environment.url or await self._given(component)

    @abstractmethod
    async def _bring_to(self, component: Component, move: Start | Scale, say: Say) -> None:
        """Have exactly the wanted instances of the version, all well; on failure, what was before."""

    @abstractmethod
    async def _share(self, component: Component, move: SetTraffic, say: Say) -> None:
        """Give the traffic these shares, in force when this returns."""

    async def _given(self, component: Component) -> str:  # noqa: ARG002
        """The address that the place itself gives, or ''."""
        return ""

    @abstractmethod
    async def _stop(self, component: Component, slot: str) -> None:
        """Have nothing of the slot left."""
