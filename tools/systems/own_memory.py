"""Our own memory and reservations, in the store."""

from __future__ import annotations

from orchestrate.models.learning import Held, Learning, Reservation, Reserved, Topic
from orchestrate.store.learnings import Learnings
from orchestrate.store.reservations import ReservationBook
from tools.remembering import about


class StoreMemory:
    """Memory that is a table."""

    def __init__(self, learnings: Learnings) -> None:
        self._learnings = learnings

    async def known(self, learning: Learning) -> bool:
        return self._learnings.known(learning.key)

    async def remember(self, learning: Learning) -> None:
        self._learnings.add(learning)

    async def recall(self, topic: Topic) -> tuple[Learning, ...]:
        return about(topic, [*self._learnings.of(topic.service, topic.environment)])

    async def all(self) -> tuple[Learning, ...]:
        return self._learnings.all()

    async def forget(self, key: str, reason: str) -> None:  # noqa: ARG002  the audit keeps it
        self._learnings.remove(key)


class StoreReservations:
    """Reservations that are a table; deployments see each other."""

    def __init__(self, book: ReservationBook) -> None:
        self._book = book

    async def reserve(self, wanted: Reservation) -> Reserved:
        return Reserved(given=wanted, held=self._book.take(wanted))

    async def others(self, wanted: Reservation) -> tuple[Held, ...]:
        return self._book.others(wanted)

    async def release(self, given: Reservation) -> None:
        self._book.give_back(given.holder)
