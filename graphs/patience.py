"""Patience: how often and how long an outside that does not answer is asked again, as the story tells it."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.errors import OrchestrateError, TrackerSilent
from orchestrate.models.deployment import Event, Stage
from tools.rests import growing
from tools.voice import ENDS

NOT_DONE = "not_done"
"""How the story calls an attempt at a step that came to nothing."""

WENT_ON = frozenset({"gate", "moved_on", "undone", "undo_failed", "kept", "verified", "decided"})
"""Lines after which it is another move that is tried, or the same one anew."""

FIRST_REST, LONGEST_REST, LONGEST_OF_TRACKER, LONGEST_AT_THE_END = 5.0, 300.0, 1200.0, 7200.0

AT_THE_GATES = 70.0
"""Seconds that what the gates look at is waited for, before it counts as unknown."""

TRIES, TRIES_AT_THE_END, TRIES_OF_TRACKER = 10, 26, 26
"""A step whose outside does not answer is tried this often: about 20 minutes, at the end about a day.

A tracker that is silent before anything has begun is waited for six hours: nothing is held meanwhile.
"""
AT_THE_TRACKER = 4 * 3600.0
"""Seconds that the task and its thread are waited for at the gates, before they count as unknown."""
HALF_WAY = 600.0
"""Seconds that a silent outside is waited for between two moves; then it goes back, or people are called."""


def fruitless(story: Sequence[Event], stage: Stage | None, kind: str = NOT_DONE) -> tuple[Event, ...]:
    """The attempts at what this stage is at that came to nothing, since it last went on."""
    since = max((one.seq for one in story if one.kind in WENT_ON), default=0)
    return tuple(one for one in story if one.kind == kind and one.stage == stage and one.seq > since)


def rest(tried: int, stage: Stage | None, problem: OrchestrateError | None = None) -> float:
    """Seconds to the next attempt: longer and longer, and no sooner than whoever did not answer asks for."""
    longest = LONGEST_OF_TRACKER if isinstance(problem, TrackerSilent) else LONGEST_REST
    return growing(tried, FIRST_REST, LONGEST_AT_THE_END if stage in ENDS else longest, problem)


def most_tries(stage: Stage | None, problem: OrchestrateError | None = None) -> int:
    """How often a step is tried before people must look."""
    if isinstance(problem, TrackerSilent):
        return TRIES_OF_TRACKER
    return TRIES_AT_THE_END if stage in ENDS else TRIES


def may_still_come(story: Sequence[Event], stage: Stage, now: float, seconds: float = HALF_WAY) -> bool:
    """Whether an outside that is silent at this stage is to be waited for any longer."""
    before = fruitless(story, stage)
    return not before or now - before[0].at < seconds
