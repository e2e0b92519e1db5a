"""Sealed secrets: what the store keeps of a secret, and what may be shown of it."""

from __future__ import annotations

from orchestrate.models.fact import Fact


class SealedSecret(Fact):
    """A secret as it is kept. `sealed` can be read by whoever has the master key that it names."""

    environment: str
    name: str
    version: int  # of the value: 1 is the first one that was set
    sealed: str
    set_by: str
    set_at: float  # epoch seconds: when this version was set
    sealed_at: float  # epoch seconds: when it was last sealed, by setting or by rotating
