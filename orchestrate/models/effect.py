"""Effects: what was meant to change outside, and what is known to have happened."""

from __future__ import annotations

from enum import StrEnum

from orchestrate.models.fact import Fact


class EffectState(StrEnum):
    """How far an effect is known to have come."""

    INTENT = "intent"  # meant, perhaps begun
    DONE = "done"  # seen in the world; the receipt tells
    UNKNOWN = "unknown"  # nobody can say; held for a person
    FAILED = "failed"  # known not to have happened


class Effect(Fact):
    """One change to the outside world, by its natural key; times are epoch seconds."""

    key: str
    deployment: str
    name: str
    args: str  # JSON
    state: EffectState = EffectState.INTENT
    receipt: str | None = None  # JSON
    why: str = ""  # of an unknown or failed one
    attempts: int = 1
    at: float
    done_at: float | None = None
