"""Reserving: the files that a deployment works on, so that others see it, and it sees others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

from orchestrate.models.learning import Held, Reservation, Reserved
from tools.executor import EffectClass, Write

RESERVE = "reserve"


class Reservations(Protocol):
    """Where it is known who works on which files. It grants what is asked; waiting is for those who ask."""

    async def reserve(self, wanted: Reservation) -> Reserved:
        """Reserve the files, in place of what the holder had; what others hold of them is told."""
        ...

    async def others(self, wanted: Reservation) -> tuple[Held, ...]:
        """What others than its holder hold of the files at this moment."""
        ...

    async def release(self, given: Reservation) -> None:
        """The holder works on them no longer."""
        ...


def reserving(reservations: Reservations) -> Write[Reservation, Reserved]:
    """The tool that reserves; twice is as once."""
    return Write(
        name=RESERVE,
        effect=EffectClass.NOTE,
        result=Reserved,
        key=_key,
        act=reservations.reserve,
    )


def releasing(reservations: Reservations) -> Write[Reservation, Reserved]:
    """The tool that gives back what was reserved."""

    async def act(given: Reservation) -> Reserved:
        await reservations.release(given)
        return Reserved(given=given)

    return Write(name="release", effect=EffectClass.NOTE, result=Reserved, key=_key, act=act)


def _key(wanted: Reservation) -> str:
    return hashlib.sha256("\0".join(sorted(wanted.files)).encode()).hexdigest()[:16]


class MemoryReservations:
    """The twin: who holds what, in memory."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.held: dict[str, Reservation] = {}

    async def reserve(self, wanted: Reservation) -> Reserved:
        self.held[wanted.holder] = wanted
        return Reserved(given=wanted, held=await self.others(wanted))

    async def others(self, wanted: Reservation) -> tuple[Held, ...]:
        return tuple(
            Held(path=path, by=one.holder, reason=one.reason, until=one.until, exclusive=one.exclusive)
            for one in self.held.values()
            for path in sorted({*one.files} & {*wanted.files})
            if one.holder != wanted.holder and one.service == wanted.service and one.until > self._clock()
        )

    async def release(self, given: Reservation) -> None:
        self.held.pop(given.holder, None)
