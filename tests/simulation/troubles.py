"""Troubles: what may go wrong in a run, drawn as a swarm: each seed has some of them, and not the others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class Trouble(StrEnum):
    """What may go wrong."""

    CRASH = "crash"  # a worker ends, at any moment
    CRASH_AT_DOOR = "crash_at_door"  # around an effect: before or after intent, after effect, after receipt
    CRASH_AT_POSITION = "crash_at_position"  # right after a position is written
    PAUSE = "pause"  # a worker sleeps, longer than its lease
    SLOW = "slow"  # the outside takes its time
    ERRORS = "errors"  # the outside says no now and then, and did nothing
    LOST = "lost"  # a request gets lost on its way there
    LOST_ANSWER = "lost_answer"  # it was done, and nobody hears so
    LIMITED = "limited"  # asked too often
    OUTAGE = "outage"  # one system is gone for a while
    STORE = "store"  # the store cannot be used for a moment
    CLOCK = "clock"  # the clock jumps, forward and back
    METRICS = "metrics"  # numbers are missing, or are none
    INSTANCE = "instance"  # an instance falls ill
    BAD = "bad"  # changes that do not build, do not start, or do badly
    CONFLICT = "conflict"  # changes of the same file
    UNREADY = "unready"  # checks that are red, reviews that are missing
    DANGEROUS = "dangerous"  # changes that more than one person must approve
    HOLD = "hold"
    ROLL_BACK = "roll_back"
    NONSENSE = "nonsense"  # words that are no answer, from people who may not answer
    EDIT = "edit"  # an answer is edited
    DELETE = "delete"  # an answer is deleted
    LATE = "late"  # answers come late, or never
    PUSH = "push"  # somebody pushes to the head
    SETTINGS = "settings"  # somebody edits the environment
    STOP = "stop"  # effects are stopped, and allowed again
    SECOND = "second"  # a second deployment to the same environment
    BY_HAND = "by_hand"  # somebody goes back by hand
    CANCEL = "cancel"


SHARE = 0.4
"""How likely it is that a seed has a trouble."""


@dataclass
class Swarm:
    """The troubles of one seed; the same seed draws the same."""

    seed: int
    only: Collection[Trouble] | None = None
    chance: Random = field(init=False)
    on: frozenset[Trouble] = field(init=False)
    is_over: bool = False

    def __post_init__(self) -> None:
        self.chance = Random(f"troubles {self.seed}")
        drawn = frozenset(one for one in Trouble if self.chance.random() < SHARE)
        self.on = drawn if self.only is None else frozenset(self.only)

    def has(self, trouble: Trouble) -> bool:
        """Whether it may happen now."""
        return not self.is_over and trouble in self.on

    def strikes(self, trouble: Trouble, share: float) -> bool:
        """Whether it happens now; `share` of the times, where the seed has it."""
        return self.has(trouble) and self.chance.random() < share

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.value for one in Trouble if one in self.on)
