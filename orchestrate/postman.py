"""The postman: tells what could not be told at once, thread by thread, in order, until it is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from orchestrate.errors import (
    EffectsStopped,
    LeaseLost,
    NotFound,
    OrchestrateError,
    OutcomeUnknown,
    Refused,
    StoreUnusable,
    Unreachable,
    with_cure,
)
from orchestrate.models.deployment import ForTime, Lease
from orchestrate.models.letter import Letter, LetterEnd
from orchestrate.records import Records
from orchestrate.store import Store
from tools.executor import Errand
from tools.rests import asked_rest, growing
from tools.voice import FIRST_REST, LONGEST_REST, named

Repeat = Callable[[Errand, Letter], Awaitable[None]]

PATIENCE = 86_400.0
"""Seconds that a letter is tried for; then it is given up, and the story says so."""

STANDS_ASIDE = 8
"""A letter that failed so often lets those behind it be tried: perhaps it alone is not wanted."""

ABOUT_STATUS = frozenset({"move_task", "close_task", "ending"})
ALONE = frozenset({"comment", "file_task", "move_task", "close_task", "workspace", "e2e_tests"})
"""Kinds that others may overtake; what an end tells needs the fix tasks that come before it."""


@dataclass(frozen=True, kw_only=True)
class Postman:
    """Tells what is owed, under a lease for each thread; whoever has none leaves it alone."""

    store: Store
    repeat: Repeat
    records: Records
    worker: str
    lease_seconds: float = 60.0

    async def look(self) -> tuple[str, ...]:
        """One round: the deployments that may go on because the tracker answers again.

        Nothing is told while effects are stopped. A tracker that is silent is not asked for the next thread.
        """
        woken: list[str] = []
        if self.store.switch.stopped() is not None:
            return ()
        for thread in self.store.outbox.due():
            lease = self.store.outbox.take(thread, self.worker, self.lease_seconds)
            if lease is None:
                continue
            round = _Round(self, lease)
            try:
                await round.tell(thread)
            except (LeaseLost, EffectsStopped):
                break
            finally:
                self.store.outbox.release(lease, round.rest, round.asked)
            woken += [one for one in round.told if self._wakes(one)]
            if round.is_silent:
                break
        return tuple(dict.fromkeys(woken))

    def _wakes(self, deployment: str) -> bool:
        """Whether it rested because something was silent."""
        row = self.store.deployments.deployment(deployment)
        rests = isinstance(row.waits_for, ForTime) and row.waits_for.watch is None
        if rests:
            self.store.deployments.wake(deployment)
        return rests

    def record(self, letter: Letter) -> None:
        """Write the report anew when the last word about a deployment that ended is told."""
        row = self.store.deployments.deployment(letter.deployment)
        owed = [one.number for one in self.store.outbox.of(letter.thread) if one.deployment == row.id]
        if row.outcome is not None and owed == [letter.number]:
            try:
                self.records.write(row, row.outcome, row.reason)
            except OSError as problem:
                self.store.events.add(row.id, row.stage, "no_report", str(problem))


class _Round:
    """One thread's turn: what was told, how long it rests now, and whether nobody answered."""

    def __init__(self, postman: Postman, lease: Lease) -> None:
        self._postman, self._outbox, self._lease = postman, postman.store.outbox, lease
        self._aside: list[Letter] = []
        self.told: list[str] = []
        self.rest = self.asked = 0.0
        self.is_silent = False

    async def tell(self, thread: str) -> None:
        """Tell one letter after another, up to one that cannot be told. Raises LeaseLost, EffectsStopped."""
        for letter in self._outbox.of(thread):
            if not await self._is_over(letter):
                break

    async def _is_over(self, letter: Letter) -> bool:
        """Whether those behind it may be told; it was told, or given up, or stands aside."""
        self._lease = self._outbox.renew(self._lease, self._postman.lease_seconds)
        lease = self._lease.model_copy(update={"deployment": letter.deployment})
        at = Errand(deployment=letter.deployment, stage=letter.stage, lease=lease, plan_hash=letter.plan_hash)
        try:
            await self._postman.repeat(at, letter)
        except (LeaseLost, EffectsStopped, StoreUnusable):
            raise
        except (NotFound, Refused) as never:
            self._outbox.ended(lease, letter, LetterEnd.GIVEN_UP, with_cure(never))
            return True
        except (OrchestrateError, ConnectionError, TimeoutError) as problem:
            return self._failed(lease, letter, problem)
        self._postman.record(letter)  # before it ends: whoever is interrupted here comes back
        self._outbox.ended(lease, letter, LetterEnd.TOLD)
        self.told.append(letter.deployment)
        self._overtake(lease, letter)
        return True

    def _failed(self, lease: Lease, letter: Letter, problem: Exception) -> bool:
        said = named(problem)
        age = self._postman.store.clock() - letter.at
        if age >= PATIENCE and letter.tries >= STANDS_ASIDE:
            self._outbox.ended(lease, letter, LetterEnd.GIVEN_UP, with_cure(said))
            return True
        self._outbox.failed(lease, letter, with_cure(said))
        rest = growing(letter.tries, FIRST_REST, LONGEST_REST, said)
        self.rest, self.asked = max(rest, self.rest), max(asked_rest(said), self.asked)
        self._aside.append(letter)
        stands_aside = letter.kind in ALONE and letter.tries >= STANDS_ASIDE
        self.is_silent = isinstance(said, Unreachable | OutcomeUnknown) and not stands_aside
        return stands_aside

    def _overtake(self, lease: Lease, letter: Letter) -> None:
        """A later word about the status was heard: an earlier one would undo it."""
        if letter.kind in ABOUT_STATUS:
            for before in (one for one in self._aside if one.kind in ABOUT_STATUS):
                self._outbox.ended(lease, before, LetterEnd.OVERTAKEN, "a later status was told first")
